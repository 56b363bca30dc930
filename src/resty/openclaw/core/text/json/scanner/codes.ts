/** The bytes that have a meaning in JSON, and the roles of a string. */

export const QUOTE = 34;
export const BACKSLASH = 92;
export const OBJECT = 123;
export const OBJECT_END = 125;
export const ARRAY = 91;
export const ARRAY_END = 93;
export const COMMA = 44;
export const BLANK = 32;
export const COLON = 58;

/** The role of the current string: no string, unwanted, a field's name, a wanted value, or content. */
export const NONE = 0;
export const UNWANTED = 1;
export const NAME = 2;
export const VALUE = 3;
export const CONTENT = 4;
