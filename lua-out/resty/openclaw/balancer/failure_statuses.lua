local ____exports = {}
--- Without 501, 507 and 529: a request can cause these at any node.
local DEFAULTS = {500, 502, 503, 504}
____exports.DEFAULTS = DEFAULTS
return ____exports
