local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local string_lower = string.lower
local table_sort = table.sort
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local problem_refuse = problem.refuse
--- Raises where a cookie or an argument is for both: one of the methods would refuse the credentials of the other.
local function check_places(path, jwt, api_key)
    local of_tokens = {}
    for ____, entry in ipairs(jwt.from) do
        of_tokens[string_lower(entry)] = true
    end
    local its_path = problem_child(
        problem_child(path, "api_key"),
        "from"
    )
    for ____, entry in ipairs(api_key.from) do
        if entry ~= "header" and of_tokens[string_lower(entry)] ~= nil then
            problem_refuse(its_path, "a list of places that jwt.from does not have", entry)
        end
    end
end
--- Raises where two claims go to one header, or one goes to that with the API key.
local function check_headers(path, jwt, api_key)
    local claims = {}
    if jwt.headers == nil then
        return
    end
    for claim in pairs(jwt.headers) do
        claims[#claims + 1] = claim
    end
    table_sort(claims)
    local taken = {}
    if api_key ~= nil then
        taken[string_lower(api_key.header)] = true
    end
    local its_path = problem_child(
        problem_child(path, "jwt"),
        "headers"
    )
    for ____, claim in ipairs(claims) do
        local name = jwt.headers[claim]
        if taken[string_lower(name)] ~= nil then
            local expected = "a header that neither another claim nor the API key has"
            problem_refuse(
                problem_child(its_path, claim),
                expected,
                name
            )
        end
        taken[string_lower(name)] = true
    end
end
--- Raises where options do not go together.
local function check(path, jwt, api_key)
    if jwt == nil then
        return
    end
    check_headers(path, jwt, api_key)
    if api_key ~= nil then
        check_places(path, jwt, api_key)
    end
end
____exports.check = check
return ____exports
