export class DialBudget {
  tryDial(_now: number): boolean {
    return true;
  }
}
