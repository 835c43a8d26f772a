"""One libtorrent session set up for speed, driven by JSON lines on stdin and stdout.

In:  {"id": 1, "do": "seed", ...}      Out: {"id": 1, "ok": {...}} or {"id": 1, "error": "..."}
The first line out is {"ready": {...}}. Ends when stdin does. Times are seconds of the machine's monotonic clock, which
other processes read too. DHT, LSD, PEX, uTP, UPnP, NAT-PMP and encryption are off; nothing leaves the address given.

    libtorrent_tuned.py HOST PORT tuned|default
"""

import json
import os
import sys
import time

import libtorrent as lt

KINDS = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}

TUNED = {
    "aio_threads": 4,
    "hashing_threads": 2,
    "max_out_request_queue": 1500,
    "max_allowed_in_request_queue": 2000,
    "max_queued_disk_bytes": 64 << 20,
    # New peers are dialled once a tick.
    "tick_interval": 100,
}

QUIET_NETWORK = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "out_enc_policy": 2,
    "in_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,
    "dht_bootstrap_nodes": "",
    "alert_mask": 0,
}


class Driver:
    def __init__(self, host, port, preset):
        settings = {**lt.high_performance_seed(), **TUNED} if preset == "tuned" else {}
        settings.update(QUIET_NETWORK)
        settings["listen_interfaces"] = f"{host}:{port}"
        settings["outgoing_interfaces"] = host
        self.session = lt.session(settings)

    def do_create(self, path, output, kind, pieceLength):
        files = lt.file_storage()
        lt.add_files(files, path, flags=KINDS[kind])
        torrent = lt.create_torrent(files, pieceLength, KINDS[kind])
        lt.set_piece_hashes(torrent, os.path.dirname(path))
        with open(output, "wb") as out:
            out.write(lt.bencode(torrent.generate()))
        return {}

    def add(self, file, save_dir, peers=()):
        params = lt.add_torrent_params()
        params.peers = [(host, port) for host, port in peers]
        params.ti = lt.torrent_info(file)
        params.save_path = save_dir
        flags = params.flags & ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        params.flags = (
            flags | lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd | lt.torrent_flags.disable_pex
        )
        return self.session.add_torrent(params)

    def do_seed(self, file, saveDir):
        """Checks all data first: in seed mode pieces would be hashed when they are first asked for."""
        torrent = self.add(file, saveDir)
        while not torrent.status(0).is_seeding:
            time.sleep(0.005)
        return {}

    def do_download(self, file, saveDir, peers, pollSeconds):
        """From nothing to verified. Polls: the binding's wait_for_alert crashes in busy sessions."""
        torrent = self.add(file, saveDir, peers)
        first = None
        while first is None:
            # The torrent's own counters move once a second, those of peers at once.
            if any(peer.total_download > 0 for peer in torrent.get_peer_info()):
                first = time.monotonic()
            elif torrent.status(0).is_seeding:
                first = time.monotonic()
            else:
                time.sleep(0.001)
        while True:
            status = torrent.status(0)
            if status.is_seeding:
                return {"firstByte": first, "complete": time.monotonic()}
            if status.errc.value():
                raise RuntimeError(status.errc.message())
            time.sleep(pollSeconds)


def main():
    driver = Driver(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    out = sys.stdout
    ready = {"port": driver.session.listen_port(), "version": lt.version}
    out.write(json.dumps({"ready": ready}) + "\n")
    out.flush()
    for line in sys.stdin:
        request = json.loads(line)
        identity, what = request.pop("id"), request.pop("do")
        try:
            answer = {"id": identity, "ok": getattr(driver, "do_" + what)(**request)}
        except Exception as error:  # the caller gets every failure as an answer
            answer = {"id": identity, "error": f"{what}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()
    # Skip the session's slow farewell to trackers and peers.
    os._exit(0)


main()
