local ____exports = {}
--- Whether a decoder may see it.
local function are_kept(_source, _format)
    return true
end
____exports.are_kept = are_kept
return ____exports
