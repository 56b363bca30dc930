local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_sub = string.sub
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_child = problem.child
--- The class of callers that have no other one.
local STANDARD = "standard"
--- The gateway delivers stored requests itself, and does not store the caller's identity.
local function check_deliveries(path, ____bindingPattern0, problems)
    local identity
    local edge
    edge = ____bindingPattern0.edge
    identity = ____bindingPattern0.identity
    local way = identity and identity.accept
    if edge == nil or way == nil or (identity and identity.required) ~= true then
        return
    end
    local why = "a kept request is delivered without its client's identity, so each delivery would be refused with 401"
    problems[#problems + 1] = (((path .. ".edge cannot be used with identity.accept = \"") .. way) .. "\" unless identity.required = false: ") .. why
end
--- Stored requests have their address as it came.
local function check_stored_address(path, ____bindingPattern0, problems)
    local auth
    local edge
    edge = ____bindingPattern0.edge
    auth = ____bindingPattern0.auth
    if edge == nil or auth == nil then
        return
    end
    for ____, name in ipairs({"jwt", "api_key"}) do
        for ____, place in ipairs(auth[name] == nil and ({}) or auth[name].from) do
            if string_sub(place, 1, 6) == "query:" then
                local why = "the store would keep the credentials in the addresses of requests"
                problems[#problems + 1] = (((((path .. ".auth.") .. name) .. ".from cannot have \"") .. place) .. "\" beside edge: ") .. why
            end
        end
    end
end
--- The next gateway must get the body that was signed.
local function check_usage(path, ____bindingPattern0, problems)
    local body_digest
    local identity
    local inference
    inference = ____bindingPattern0.inference
    identity = ____bindingPattern0.identity
    body_digest = ____bindingPattern0.body_digest
    if (inference and inference.include_usage) ~= true or (identity and identity.sign) == nil then
        return
    end
    if (body_digest and body_digest.algorithm) ~= "sha256" then
        return
    end
    local why = "the next gateway would get another body than the one that is signed"
    problems[#problems + 1] = (path .. ".inference.include_usage cannot be used with identity.sign and body_digest.algorithm = \"sha256\": ") .. why
end
--- Without `inference` nobody knows what a request has used.
local function check_tokens(path, ____bindingPattern0, problems)
    local limit
    local inference
    inference = ____bindingPattern0.inference
    limit = ____bindingPattern0.limit
    if inference ~= nil or limit == nil then
        return
    end
    for index, ____temp_10 in ipairs(limit) do
        local tokens
        tokens = ____temp_10.tokens
        if tokens ~= nil then
            local why = "which reads from responses how many tokens were used"
            problems[#problems + 1] = (((path .. ".limit[") .. tostring(index)) .. "].tokens needs the option inference in the route, ") .. why
        end
    end
end
--- What a limit needs to know its callers; nothing where the route has it.
local function missing_for(by, auth)
    local has_keys = (auth and auth.api_key) ~= nil
    if by == "identity" then
        return auth == nil and "the option auth" or nil
    end
    local ____temp_17 = by == "tenant" and not has_keys
    if ____temp_17 then
        local ____opt_13 = auth and auth.jwt
        ____temp_17 = (____opt_13 and ____opt_13.tenant_claim) == nil
    end
    if ____temp_17 then
        return "auth.api_key or auth.jwt.tenant_claim"
    end
    if by ~= "key" or has_keys and not auth.all then
        return nil
    end
    return has_keys and "auth.api_key without auth.all, with which the token says who asks," or "auth.api_key"
end
--- Without `auth` nobody knows who asks, and all callers would count by their addresses, or not at all.
local function check_callers(path, options, problems)
    for index, limit in ipairs(options.limit or ({})) do
        local ____limit_18 = limit
        local by = ____limit_18.by
        local missing = missing_for(by, options.auth)
        if missing ~= nil then
            local instead = by == "key" and "" or ("; by = \"$openclaw_" .. by) .. "\" is for a variable that nginx.conf or a plugin of yours sets"
            problems[#problems + 1] = (((((((path .. ".limit[") .. tostring(index)) .. "].by = \"") .. by) .. "\" needs ") .. missing) .. " in the route") .. instead
        end
    end
end
--- Adds a problem for each class of a table but "standard".
local function refuse_classes(classes, path, problems)
    if classes == nil then
        return
    end
    for ____, name in ipairs(names_sorted(classes)) do
        if name ~= STANDARD then
            problems[#problems + 1] = (problem_child(path, name) .. " needs the option class, auth.api_key or auth.jwt.class_claim in the route, ") .. "got none of them, so all callers are of the class standard"
        end
    end
end
--- Without any of these all callers have the same class.
local function check_classes(path, options, problems)
    local ____options_19 = options
    local auth = ____options_19.auth
    local limit = ____options_19.limit
    local bandwidth = ____options_19.bandwidth
    local ____temp_26 = options.class ~= nil or (auth and auth.api_key) ~= nil
    if not ____temp_26 then
        local ____opt_22 = auth and auth.jwt
        ____temp_26 = (____opt_22 and ____opt_22.class_claim) ~= nil
    end
    if ____temp_26 then
        return
    end
    for index, its in ipairs(limit or ({})) do
        refuse_classes(
            its.class,
            ((path .. ".limit[") .. tostring(index)) .. "].class",
            problems
        )
    end
    refuse_classes(bandwidth, path .. ".bandwidth", problems)
end
--- The cache keeps the answers that near hits get.
local function check_near(path, ____bindingPattern0, problems)
    local cache
    local image
    image = ____bindingPattern0.image
    cache = ____bindingPattern0.cache
    if (image and image.near) == nil or cache ~= nil then
        return
    end
    problems[#problems + 1] = path .. ".image.near needs the option cache in the route, which keeps the answers"
end
--- Without these nobody's identity is verified, so nobody would be believed.
local function check_converted_by(path, ____bindingPattern0, problems)
    local auth
    local identity
    local image
    image = ____bindingPattern0.image
    identity = ____bindingPattern0.identity
    auth = ____bindingPattern0.auth
    if (image and image.converted_by) == nil or auth ~= nil or (identity and identity.accept) ~= nil then
        return
    end
    local why = "which verifies who says that an image was converted"
    problems[#problems + 1] = (path .. ".image.converted_by needs identity.accept or the option auth in the route, ") .. why
end
--- If two routes shared a store, one of them would never get its lock, and would deliver nothing.
local function check_store(path, ____bindingPattern0, stores, problems)
    local edge
    edge = ____bindingPattern0.edge
    if edge == nil then
        return
    end
    if stores[edge.store] ~= nil then
        problem_add(problems, path .. ".edge.store", "a folder that no other route has", edge.store)
    end
    stores[edge.store] = true
end
--- Adds the problems of a route's options in combination; `stores`: those of the routes before; `has_own`: whether plugins of the user may
-- say who asks.
local function check(path, given, stores, has_own, problems)
    local options = given
    check_deliveries(path, options, problems)
    check_usage(path, options, problems)
    check_stored_address(path, options, problems)
    check_tokens(path, options, problems)
    if not has_own then
        check_callers(path, options, problems)
        check_classes(path, options, problems)
        check_converted_by(path, options, problems)
    end
    check_near(path, options, problems)
    check_store(path, options, stores, problems)
end
____exports.check = check
return ____exports
