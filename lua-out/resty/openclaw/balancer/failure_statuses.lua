local ____exports = {}
--- Not 501 (no such function), 507 or 529: a request can bring these about at any node.
____exports.DEFAULTS = {500, 502, 503, 504}
return ____exports
