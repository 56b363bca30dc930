/** What one letter after a backslash stands for in a string of JSON, as bytes. RFC 8259, section 7. */
export const ESCAPED = new LuaTable<number, number>();
for (const [letter, character] of pairs({
    '"': '"',
    "\\": "\\",
    "/": "/",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
}))
    ESCAPED.set(string.byte(letter), string.byte(character));
