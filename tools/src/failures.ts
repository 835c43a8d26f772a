/** Why a transfer ends in *failed*, by the code of its error, and what makes `shoal resume` restore it. */
export const FAILURES: Readonly<Record<string, { readonly when: string; readonly remedy: string }>> = {
  ERR_FILE_EXISTS: {
    when: "A file of somebody else is where one of its own is to be. It is left as it is.",
    remedy: "Move that file away, or the transfer elsewhere: `shoal torrent move <t> DIR`",
  },
  ERR_FILES_MISSING: {
    when: "Files that were there are gone or cut short, or their drive is.",
    remedy: "Put them back or attach the drive (it goes on by itself then); else resuming fetches them anew",
  },
  ERR_FILE_CHANGED: {
    when: "Another program has changed files of it.",
    remedy:
      "Put them back as they were (it goes on by itself then); else resuming checks them and fetches what differs",
  },
  ERR_DISK: {
    when: "Reading or writing fails: no permission, a read-only or broken disk, a file where a folder should be.",
    remedy: "Remove the cause (where the system can tell that it is gone, it goes on by itself)",
  },
  ERR_LOCKED: {
    when: "Another program works on its files: mostly a `shoal get --foreground`.",
    remedy: "End that program",
  },
  ERR_NOT_FOUND: {
    when: "Its .torrent file in the state folder is gone.",
    remedy: "Put it back, or remove the transfer and add it again: its files are kept and checked",
  },
  ERR_METAINFO: {
    when: "Its .torrent file in the state folder, or what others sent of a magnet link, is no valid torrent.",
    remedy: "As above; a link whose metadata is invalid names nothing that can be fetched",
  },
  ERR_BENCODE: {
    when: "Its .torrent file in the state folder is damaged.",
    remedy: "As above",
  },
  ERR_VERIFY: {
    when: "Whatever others send fails its check, or the torrent names two different contents.",
    remedy: "Check memory and disk of this computer, or get the .torrent file again",
  },
  ERR_DUPLICATE_TORRENT: {
    when: "A link turned out to be what another transfer has already.",
    remedy: "Remove it: the other one has the same files",
  },
};
