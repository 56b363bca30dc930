local ____exports = {}
local pairs = pairs
local string_byte = string.byte
--- What one letter after a backslash stands for in a string of JSON, as bytes. RFC 8259, section 7.
local ESCAPED = {}
____exports.ESCAPED = ESCAPED
for letter, character in pairs({
    ["\""] = "\"",
    ["\\"] = "\\",
    ["/"] = "/",
    b = "\b",
    f = "\f",
    n = "\n",
    r = "\r",
    t = "\t"
}) do
    ESCAPED[string_byte(letter)] = string_byte(character)
end
return ____exports
