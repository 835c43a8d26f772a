import { Type } from "typebox";

/** A name under which transfers are kept together. */
const LabelName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "^[^,@\\s+-][^,\\u0000-\\u001f]*$",
});
export const LabelNames = Type.Array(LabelName, { maxItems: 50 });
