local ____exports = {}
local math_max = math.max
--- As if nothing had been purged yet. Phases: any.
local function create()
    return {
        any = nil,
        routes = {},
        keys = {},
        key_count = 0,
        filter_count = 0,
        all = 0
    }
end
____exports.new = create
local function new_leaf()
    return {any = 0, most = 0, models = {}}
end
local function branch_of(all, route)
    local ____temp_0
    if route == nil then
        ____temp_0 = all.any
    else
        ____temp_0 = all.routes[route]
    end
    local known = ____temp_0
    if known ~= nil then
        return known
    end
    local made = {
        any = nil,
        tenants = {},
        pooled = new_leaf()
    }
    if route == nil then
        all.any = made
    else
        all.routes[route] = made
    end
    return made
end
local function leaf_of(branch, tenant)
    local ____temp_1
    if tenant == nil then
        ____temp_1 = branch.any
    else
        ____temp_1 = branch.tenants[tenant]
    end
    local known = ____temp_1
    if known ~= nil then
        return known
    end
    local made = new_leaf()
    if tenant == nil then
        branch.any = made
    else
        branch.tenants[tenant] = made
    end
    return made
end
local function note_key(all, key, generation)
    if not (all.keys[key] ~= nil) then
        all.key_count = all.key_count + 1
    end
    all.keys[key] = math_max(generation, all.keys[key] or 0)
end
--- Adds a purge of a model, or of all models. Returns whether it is the first one of that.
local function note_model(leaf, model, generation)
    local before = model == nil and leaf.any or (leaf.models[model] or 0)
    if model == nil then
        leaf.any = math_max(generation, before)
    else
        leaf.models[model] = math_max(generation, before)
    end
    leaf.most = math_max(generation, leaf.most)
    return before == 0
end
--- Adds a purge, unless it is one of everything. Phases: any.
local function note(all, filter, generation)
    local ____filter_2 = filter
    local route = ____filter_2.route
    local tenant = ____filter_2.tenant
    local model = ____filter_2.model
    local key = ____filter_2.key
    if key ~= nil then
        return note_key(all, key, generation)
    end
    local branch = branch_of(all, route)
    if note_model(
        leaf_of(branch, tenant),
        model,
        generation
    ) then
        all.filter_count = all.filter_count + 1
    end
    note_model(branch.pooled, model, generation)
end
____exports.note = note
local function newest_of_leaf(leaf, model)
    if leaf == nil then
        return 0
    end
    if model == nil then
        return leaf.most
    end
    return (math_max(leaf.any, leaf.models[model] or 0))
end
local function newest_of_branch(branch, tenant, model)
    if branch == nil then
        return 0
    end
    if tenant == nil then
        return newest_of_leaf(branch.pooled, model)
    end
    return (math_max(
        newest_of_leaf(branch.any, model),
        newest_of_leaf(branch.tenants[tenant], model)
    ))
end
--- The number of the newest purge that such a request is subject to; 0 if there is none. A request whose model or tenant is not known is
-- subject to the purges of all of them. Phases: any.
local function newest(all, route, tenant, model)
    if all.filter_count == 0 then
        return all.all
    end
    local of_any = newest_of_branch(all.any, tenant, model)
    local of_route = newest_of_branch(all.routes[route], tenant, model)
    return (math_max(all.all, of_any, of_route))
end
____exports.newest = newest
return ____exports
