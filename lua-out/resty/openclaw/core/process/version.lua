local ____exports = {}
--- The version of this release. The main module has it as well, as OPM reads it there.
____exports.VERSION = "0.1.0"
return ____exports
