/** Variables that shoal looks at, besides those of the settings. */
export const ENVIRONMENT: readonly (readonly [name: string, about: string])[] = [
  ["SHOAL_PROFILE", "the profile; the same as --profile"],
  ["SHOAL_CONFIG", "the configuration file; the same as --config"],
  ["SHOAL_DAEMON", "the address of the daemon to speak to; the same as --daemon"],
  ["SHOAL_TOKEN_FILE", "a file with the token for it; the same as --token-file"],
  ["SHOAL_NO_START", "set: never start the daemon; the same as --no-start"],
  ["SHOAL_DOWNLOAD_DIR", "folder for downloads, before the setting downloads.dir"],
  ["SHOAL_PROXY", "a server that everything goes through, before the setting network.proxy"],
  ["SHOAL_OFFLINE", "set to 1: nothing leaves this computer"],
  ["SHOAL_STATE_DIR", "folder for what shoal remembers, in place of the usual one"],
  ["SHOAL_CONFIG_DIR", "folder for configuration files, in place of the usual one"],
  ["SHOAL_LOG", "set to debug: the same as -vv"],
  ["NO_COLOR", "set: no colours"],
  ["VISUAL, EDITOR", "the editor of shoal config edit"],
];
