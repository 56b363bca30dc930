local ____exports = {}
local error = error
local ipairs = ipairs
local type = type
local string_find = string.find
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_beginning = problem.beginning
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local again = ____schema.again
local computed = ____schema.computed
local map_of = ____schema.map_of
local option = ____schema.option
local optional = ____schema.optional
local required = ____schema.required
local table_of = ____schema.table_of
local secret_file = require("resty.openclaw.core.files.secret_file")
local secret_file_check = secret_file.check
local secret_file_read = secret_file.read
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local key_file = require("resty.openclaw.auth.api_key.key_file")
local key_file_new = key_file.new
local redis_keys = require("resty.openclaw.auth.api_key.redis_keys")
local redis_keys_SCHEMA = redis_keys.SCHEMA
local redis_keys_check_options = redis_keys.check_options
local redis_keys_new = redis_keys.new
local combinations = require("resty.openclaw.auth.combinations")
local combinations_check = combinations.check
local header_names = require("resty.openclaw.auth.header_names")
local header_names_KIND = header_names.KIND
local algorithms = require("resty.openclaw.auth.jwt.algorithms")
local algorithms_NAMES = algorithms.NAMES
local jwks_file = require("resty.openclaw.auth.jwt.key_file")
local jwks_file_new = jwks_file.new
local jwks_url = require("resty.openclaw.auth.jwt.key_url")
local jwks_url_new = jwks_url.new
local secrets = require("resty.openclaw.auth.jwt.secret")
local secrets_new = secrets.new
local verifier = require("resty.openclaw.auth.jwt.verifier")
local verifier_check_fit = verifier.check_fit
local verifier_new = verifier.new
local places = require("resty.openclaw.auth.places")
local places_KIND = places.KIND
local places_all_of = places.all_of
local places_header = places.header
local places_of = places.of
local NAME = "auth"
____exports.NAME = NAME
local LEAST_SECRET_BYTES = 32
local MOST_SECRET_BYTES = 4096
local REALM = kinds_of(
    "string",
    "printable ASCII without quotes and backslashes",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local legal = string_find(given, "^[ !#-Z%[%]^-~]+$")
        return legal ~= nil
    end
)
--- A name, a list of names, or false for any.
local function names_or_false(what)
    local list = kinds_list_of(kinds.text)
    return {
        name = "`false`, string or list of string",
        read = function(given, path, problems)
            if given == false or type(given) == "string" and given ~= "" then
                return given
            end
            if type(given) == "table" then
                return list.read(given, path, problems)
            end
            problem_add(problems, path, what .. ", a list of them, or false for any", given)
            return false
        end
    }
end
local ISSUER = {
    name = "`false` or string",
    read = function(given, path, problems)
        if given == false or type(given) == "string" and given ~= "" then
            return given
        end
        problem_add(problems, path, "the issuer that tokens must name, or false for any", given)
        return false
    end
}
--- A class of callers, as it stands in a variable and in labels.
local CLASS = kinds_of(
    "string",
    "1 to 64 of the characters A-Z a-z 0-9 _ . -",
    function(given)
        return type(given) == "string" and texts_is_name(given)
    end
)
local REALM_OPTION = option(REALM, "OpenClaw", "the realm in `WWW-Authenticate`")
local FROM = option(
    kinds_list_of(places_KIND),
    {"header"},
    "where the credential may be: `\"header\"`, `\"cookie:NAME\"`, `\"query:NAME\"`. Arguments of a query are in logs"
)
local JWT_SCHEMA = {
    realm = again(REALM_OPTION),
    jwks_file = optional(kinds.path, "the absolute path of a file with a JWKS; it is read again when it changes"),
    jwks_url = optional(kinds.text, "the `https` address of a JWKS"),
    secret_file = optional(kinds.secret_file, "the absolute path of a file with a secret, for HS256, HS384 and HS512"),
    issuer = required(ISSUER, "the `iss` of all tokens; `false`: any"),
    audience = required(
        names_or_false("the audience that tokens must be for"),
        "one of these must be in `aud`; `false`: any"
    ),
    algorithms = computed(
        kinds_list_of(kinds_one_of(unpack(algorithms_NAMES))),
        "`{ \"RS256\", \"ES256\" }`; with `secret_file` `{ \"HS256\" }`",
        "the accepted algorithms"
    ),
    leeway_seconds = option(kinds.not_negative, 30, "how far the clocks of issuer and gateway may differ"),
    class_claim = optional(kinds.text, "the claim with the caller's class"),
    classes = optional(
        map_of(CLASS),
        "classes by values of that claim; values without an entry are `standard`. Without this option the value itself is the class"
    ),
    tenant_claim = optional(kinds.text, "the claim with the caller's tenant"),
    required_scopes = optional(
        kinds_list_of(kinds.text),
        "scopes that tokens must have, in `scope` or `scp`"
    ),
    headers = optional(
        map_of(header_names_KIND),
        "headers for nodes by claims, such as `{ sub = \"X-User\" }`"
    ),
    from = again(FROM)
}
local REDIS_TABLE = table_of(redis_keys_SCHEMA)
--- The options of Redis, with what contradicts each other.
local REDIS = {
    name = REDIS_TABLE.name,
    schema = redis_keys_SCHEMA,
    read = function(given, path, problems)
        if type(given) == "table" then
            redis_keys_check_options(given, path, problems)
        end
        return REDIS_TABLE.read(given, path, problems)
    end
}
local API_KEY_SCHEMA = {
    realm = again(REALM_OPTION),
    file = optional(kinds.secret_file, "the absolute path of a file with keys; it is read again when it changes"),
    redis = optional(REDIS, "keys in Redis or Valkey"),
    header = option(header_names_KIND, "X-API-Key", "the header with the key; `Authorization: Bearer KEY` works as well"),
    from = again(FROM)
}
local SCHEMA = {
    jwt = optional(
        table_of(JWT_SCHEMA),
        "accepts JSON Web Tokens"
    ),
    api_key = optional(
        table_of(API_KEY_SCHEMA),
        "accepts API keys"
    ),
    all = option(kinds.flag, false, "whether a request needs both; otherwise either suffices"),
    optional = option(kinds.flag, false, "whether requests without credentials pass. Those with wrong ones never do"),
    forward = option(kinds.flag, false, "whether nodes get the credentials"),
    counted_tenants = optional(
        kinds_list_of(kinds.text),
        "tenants that have a metric of their own"
    ),
    dict = option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of fetched keys")
}
____exports.SCHEMA = SCHEMA
--- Raises unless exactly one of the options is given.
local function check_one_of(path, names, given)
    local found = {}
    for ____, name in ipairs(names) do
        if given[name] ~= nil then
            found[#found + 1] = name
        end
    end
    if #found == 1 then
        return
    end
    local got = #found == 0 and "none" or table_concat(found, " and ")
    error(
        (((path .. ": exactly one of \"") .. table_concat(names, "\", \"")) .. "\" is needed, got ") .. got,
        0
    )
end
local function key_source(options, path, route, registry, names)
    local ____options_0 = options
    local file = ____options_0.jwks_file
    local url = ____options_0.jwks_url
    local secret = ____options_0.secret_file
    if file ~= nil then
        return jwks_file_new({
            registry = registry,
            route = route,
            option = problem_child(path, "jwks_file"),
            path = file
        })
    end
    if url ~= nil then
        return jwks_url_new({
            registry = registry,
            route = route,
            option = problem_child(path, "jwks_url"),
            url = url
        })
    end
    local its_path = problem_child(path, "secret_file")
    local text = secret_file_read(its_path, secret, MOST_SECRET_BYTES)
    secret_file_check(its_path, text, LEAST_SECRET_BYTES, MOST_SECRET_BYTES)
    return secrets_new(its_path, text, names)
end
local function as_record(map)
    return map
end
local function jwt_way(options, path, route, registry, is_only)
    check_one_of(path, {"jwks_file", "jwks_url", "secret_file"}, options)
    local defaults = options.secret_file == nil and ({"RS256", "ES256"}) or ({"HS256"})
    local names = options.algorithms or defaults
    if options.classes ~= nil and options.class_claim == nil then
        error(path .. ".classes needs \"class_claim\"", 0)
    end
    local settings = {
        algorithms = names,
        issuer = options.issuer,
        audience = options.audience,
        leeway_seconds = options.leeway_seconds,
        required_scopes = options.required_scopes,
        class_claim = options.class_claim,
        classes = as_record(options.classes),
        tenant_claim = options.tenant_claim,
        headers = as_record(options.headers)
    }
    local keys = key_source(
        options,
        path,
        route,
        registry,
        names
    )
    if options.jwks_file ~= nil then
        verifier_check_fit(
            path,
            names,
            keys:current()
        )
    end
    local its_places = {}
    for ____, entry in ipairs(options.from) do
        local ____temp_3
        if entry == "header" then
            local ____places_bearer_2 = places.bearer
            local ____is_only_1
            if is_only then
                ____is_only_1 = nil
            else
                ____is_only_1 = true
            end
            ____temp_3 = ____places_bearer_2(____is_only_1)
        else
            ____temp_3 = places_of(entry)
        end
        its_places[#its_places + 1] = ____temp_3
    end
    return {
        method = verifier_new(path, settings, keys),
        place = places_all_of(its_places),
        challenge = {
            realm = options.realm,
            scope = table_concat(options.required_scopes or ({}), " ")
        }
    }
end
local function api_key_method(options, path, route, registry)
    local ____options_4 = options
    local file = ____options_4.file
    local redis = ____options_4.redis
    if file ~= nil then
        return key_file_new({
            registry = registry,
            route = route,
            plugin = NAME,
            option = problem_child(path, "file"),
            path = file
        })
    end
    return redis_keys_new(
        redis,
        problem_child(path, "redis"),
        fault_new(NAME, registry)
    )
end
local function api_key_way(options, path, route, registry, is_only)
    check_one_of(path, {"file", "redis"}, options)
    local its_places = {}
    for ____, entry in ipairs(options.from) do
        if entry == "header" then
            its_places[#its_places + 1] = places_header(options.header)
            local ____places_bearer_6 = places.bearer
            local ____is_only_5
            if is_only then
                ____is_only_5 = nil
            else
                ____is_only_5 = false
            end
            its_places[#its_places + 1] = ____places_bearer_6(____is_only_5)
        else
            its_places[#its_places + 1] = places_of(entry)
        end
    end
    return {
        method = api_key_method(options, path, route, registry),
        place = places_all_of(its_places),
        challenge = {realm = options.realm, scope = ""}
    }
end
--- The ways of authentication that options ask for. Raises where they do not fit together. Phases: init.
local function ways(options, path, route, registry)
    local ____options_7 = options
    local jwt = ____options_7.jwt
    local api_key = ____options_7.api_key
    if jwt == nil and api_key == nil then
        error(
            problem_beginning(path) .. " \"jwt\" or \"api_key\" is needed",
            0
        )
    end
    if options.all and (jwt == nil or api_key == nil) then
        error(
            problem_child(path, "all") .. " needs both \"jwt\" and \"api_key\"",
            0
        )
    end
    combinations_check(path, jwt, api_key)
    local found = {}
    if jwt ~= nil then
        found[#found + 1] = jwt_way(
            jwt,
            problem_child(path, "jwt"),
            route,
            registry,
            api_key == nil
        )
    end
    if api_key ~= nil then
        found[#found + 1] = api_key_way(
            api_key,
            problem_child(path, "api_key"),
            route,
            registry,
            jwt == nil
        )
    end
    return found
end
____exports.ways = ways
return ____exports
