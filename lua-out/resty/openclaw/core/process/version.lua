local ____exports = {}
--- The version of this release. The main module has it as well, as OPM reads it there.
local VERSION = "0.1.0"
____exports.VERSION = VERSION
return ____exports
