local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_sub = string.sub
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
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
--- Adds the problems of a route's options in combination; `stores`: those of the routes before.
local function check(path, given, stores, problems)
    local options = given
    check_deliveries(path, options, problems)
    check_usage(path, options, problems)
    check_stored_address(path, options, problems)
    check_tokens(path, options, problems)
    check_store(path, options, stores, problems)
end
____exports.check = check
return ____exports
