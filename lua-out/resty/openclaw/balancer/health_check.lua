local ____exports = {}
local function create(_owner, _registry, _name, _options)
    return nil
end
____exports.new = create
return ____exports
