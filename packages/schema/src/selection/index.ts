export { fileMatcher } from "./file-matcher.ts";
