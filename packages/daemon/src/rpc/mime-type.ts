const TYPES: Readonly<Record<string, string>> = {
  aac: "audio/aac",
  avi: "video/x-msvideo",
  deb: "application/vnd.debian.binary-package",
  epub: "application/epub+zip",
  flac: "audio/flac",
  gz: "application/gzip",
  htm: "text/html",
  html: "text/html",
  iso: "application/x-iso9660-image",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  m4a: "audio/mp4",
  m4v: "video/mp4",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mpg: "video/mpeg",
  ogg: "audio/ogg",
  opus: "audio/opus",
  pdf: "application/pdf",
  png: "image/png",
  rar: "application/vnd.rar",
  srt: "application/x-subrip",
  tar: "application/x-tar",
  ts: "video/mp2t",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  xz: "application/x-xz",
  zip: "application/zip",
  "7z": "application/x-7z-compressed",
};

/** What kind of file a name promises, for a picture beside it. */
export function mimeTypeOf(name: string): string {
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(TYPES, extension) ? TYPES[extension]! : "application/octet-stream";
}
