"""Makes a .torrent with libtorrent: libtorrent_create.py PATH OUTPUT v1|v2|hybrid PIECE_LENGTH"""

import os
import sys

import libtorrent as lt

KINDS = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}

path, output, kind, piece_length = sys.argv[1:]
files = lt.file_storage()
lt.add_files(files, path, flags=KINDS[kind])
torrent = lt.create_torrent(files, int(piece_length), KINDS[kind])
lt.set_piece_hashes(torrent, os.path.dirname(path))
with open(output, "wb") as out:
    out.write(lt.bencode(torrent.generate()))
