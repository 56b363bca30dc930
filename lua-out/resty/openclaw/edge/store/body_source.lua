local ____exports = {}
local records = require("resty.openclaw.edge.store.record")
local function piece(self, from, most)
    return records.piece(self.file, self.body_at + from, most)
end
local metatable = {__index = {piece = piece}}
--- The body of a record whose file stays open meanwhile. Phases: any.
local function create(file, found)
    local fields = {file = file, body_at = found.body_at, bytes = found.body_bytes}
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
