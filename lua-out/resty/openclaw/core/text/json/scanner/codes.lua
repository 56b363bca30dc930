local ____exports = {}
--- The bytes that have a meaning in JSON, and the roles of a string.
local QUOTE = 34
____exports.QUOTE = QUOTE
local BACKSLASH = 92
____exports.BACKSLASH = BACKSLASH
local OBJECT = 123
____exports.OBJECT = OBJECT
local OBJECT_END = 125
____exports.OBJECT_END = OBJECT_END
local ARRAY = 91
____exports.ARRAY = ARRAY
local ARRAY_END = 93
____exports.ARRAY_END = ARRAY_END
local COMMA = 44
____exports.COMMA = COMMA
local BLANK = 32
____exports.BLANK = BLANK
local COLON = 58
____exports.COLON = COLON
--- The role of the current string: no string, unwanted, a field's name, a wanted value, or content.
local NONE = 0
____exports.NONE = NONE
local UNWANTED = 1
____exports.UNWANTED = UNWANTED
local NAME = 2
____exports.NAME = NAME
local VALUE = 3
____exports.VALUE = VALUE
local CONTENT = 4
____exports.CONTENT = CONTENT
return ____exports
