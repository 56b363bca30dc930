local ____exports = {}
function ____exports.is_name(_text)
    return false
end
local function create(_owner, _registry, _names, _options, _changed)
    return {
        tick = function(self)
            return
        end,
        addresses = function(self)
            return nil
        end
    }
end
____exports.new = create
return ____exports
