import { ShoalError } from "../base/errors.ts";
import { DiskHealth } from "../core/disk-health.ts";
import { explainDisk, type DiskTrouble } from "../core/disk-trouble.ts";
import type { Timer } from "../ports/clock.ts";
import type { SessionContext } from "./context.ts";

/** What recovery asks and tells its torrent. */
export interface RecoveryOwner {
  /** A folder on the file system that `path` (null: unknown) is on, and the bytes that are still to be written there. */
  spaceNeeded(path: string | null): { readonly path: string; readonly needed: number };
  /** Whether the cause of a failure seems to be gone. */
  looksMended(error: ShoalError): Promise<boolean>;
  onWarning(error: ShoalError): void;
  onFailure(error: ShoalError): void;
  /** The cause of the failure is gone: the torrent may start again. */
  onMended(): void;
}

/** The exchange with peers, as far as the disk allows it. */
export interface HeldExchange {
  /** Nothing may be requested or written; what is shared stays shared. */
  hold(): void;
  /** Requesting and writing go on; carefully at first when it is yet to be seen whether the disk takes data. */
  goOn(careful: boolean): void;
}

/** Carries out what core/disk-health decides for one torrent. It has a timer only while something is wrong. */
export class DiskRecovery {
  readonly #context: SessionContext;
  readonly #owner: RecoveryOwner;
  readonly #exchange: HeldExchange;
  readonly #health: DiskHealth = new DiskHealth();
  #timer: Timer | null = null;
  /** What a warning was given of. */
  #told: ShoalError | null = null;
  /** Counts what made answers under way void. */
  #turn = 0;

  constructor(context: SessionContext, owner: RecoveryOwner, exchange: HeldExchange) {
    this.#context = context;
    this.#owner = owner;
    this.#exchange = exchange;
  }

  /** What is wrong now; null when nothing is. */
  get trouble(): DiskTrouble | null {
    return this.#health.trouble;
  }

  /** Whether writing works is yet to be seen. */
  get isTrying(): boolean {
    return this.#health.isTrying;
  }

  /** A write failed, or the reading of what was written. */
  onError(error: ShoalError): void {
    const outcome = this.#health.onError(error, this.#context.now());
    if (outcome === null) return;
    if (outcome === "fail") {
      this.#owner.onFailure(error);
      return;
    }
    this.#exchange.hold();
    // How much room is missing is found out first.
    if (error.code !== "ERR_NO_SPACE") this.#warn();
    this.#proceed();
  }

  /** The torrent was stopped by an error, this machine's or another. */
  onStopped(error: ShoalError): void {
    this.#health.onStopped(error, this.#context.now());
    this.#proceed();
  }

  onWritten(): void {
    this.#health.onWritten();
  }

  onVerified(): void {
    this.#health.onVerified();
  }

  /** The torrent starts again. */
  onRestart(): void {
    this.stop();
    this.#health.onRestart();
  }

  /** Nothing is tried any more until `onRestart`. */
  stop(): void {
    this.#turn++;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Does what is due, and sets the timer for what is due next. */
  #proceed(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const now = this.#context.now();
    const action = this.#health.next(now);
    if (action === "go-on") this.#exchange.goOn(this.#health.isTrying);
    if (action === "measure") void this.#measure();
    if (action === "look") void this.#look();
    const at = this.#health.nextDeadline();
    if (at < Infinity) this.#timer = this.#context.clock.setTimer(at - now, () => this.#proceed());
  }

  async #measure(): Promise<void> {
    const turn = ++this.#turn;
    const at = this.#health.error?.details["path"];
    const { path } = this.#owner.spaceNeeded(typeof at === "string" ? at : null);
    const free = await this.#context.spacePolls.free(path).catch(() => null);
    if (turn !== this.#turn) return;
    const { needed } = this.#owner.spaceNeeded(typeof at === "string" ? at : null);
    const kept = this.#context.settings.diskReserve;
    const space = free === null ? null : { path, needed, free, kept };
    const hasRoom = this.#health.onSpace(space, this.#context.now());
    if (!hasRoom) {
      this.#warn();
      this.#proceed();
    } else if (this.#health.hasFailed) this.#owner.onMended();
    else this.#exchange.goOn(this.#health.isTrying);
  }

  async #look(): Promise<void> {
    const turn = ++this.#turn;
    const error = this.#health.error!;
    const isMended = await this.#owner.looksMended(error).catch(() => false);
    if (turn !== this.#turn) return;
    this.#health.onLooked(isMended, this.#context.now());
    if (isMended) this.#owner.onMended();
    else this.#proceed();
  }

  /** One warning for each time that something goes wrong, with the sentence that the reason for waiting has. */
  #warn(): void {
    const { error, trouble, isNews, hasFailed } = this.#health;
    if (error === null || trouble === null || error === this.#told || !isNews || hasFailed) return;
    this.#told = error;
    const details = trouble.kind === "full" ? { ...trouble.space } : error.details;
    const { message } = explainDisk(trouble);
    const sentence = message.charAt(0).toUpperCase() + message.slice(1);
    this.#owner.onWarning(new ShoalError(error.code, sentence, details));
  }
}
