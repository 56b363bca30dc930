local ____exports = {}
--- The bytes that have a meaning in JSON, and the roles of a string.
____exports.QUOTE = 34
____exports.BACKSLASH = 92
____exports.OBJECT = 123
____exports.OBJECT_END = 125
____exports.ARRAY = 91
____exports.ARRAY_END = 93
____exports.COMMA = 44
____exports.BLANK = 32
____exports.COLON = 58
--- The role of the current string: no string, unwanted, a field's name, a wanted value, or content.
____exports.NONE = 0
____exports.UNWANTED = 1
____exports.NAME = 2
____exports.VALUE = 3
____exports.CONTENT = 4
return ____exports
