local ____exports = {}
--- Which release this is. The main module says it too, as OPM looks for it there.
____exports.VERSION = "0.1.0"
return ____exports
