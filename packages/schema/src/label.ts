import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";
import { Goals } from "./goals.ts";

/** A name under which transfers are kept together. */
export const LabelName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "^[^,@\\s+-][^,\\u0000-\\u001f]*$",
});
export const LabelNames = Type.Array(LabelName, { maxItems: 50 });

const Folder = Type.Union([Type.String({ minLength: 1, maxLength: 4_096 }), Type.Null()]);

/** What is said about a label. */
export const LabelChanges = Type.Object(
  {
    /** Where downloads with this label go unless they are told otherwise; absolute. */
    folder: Type.Optional(Folder),
    /** Replaces all of its goals. */
    goals: Type.Optional(Goals),
  },
  { $id: "LabelChanges", additionalProperties: false },
);
export type LabelChanges = Static<typeof LabelChanges>;

export const Label = Type.Object(
  {
    name: Type.String(),
    folder: Folder,
    goals: Goals,
    /** So many transfers have it. */
    torrents: WholeNumber,
  },
  { $id: "Label", additionalProperties: false },
);
export type Label = Static<typeof Label>;

export const LabelList = document({ labels: Type.Array(Label) });
export type LabelList = Static<typeof LabelList>;
