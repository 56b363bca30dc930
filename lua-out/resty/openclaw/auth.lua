local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local setmetatable = setmetatable
local answers = require("resty.openclaw.auth.answers")
local answers_refuse = answers.refuse
local figures_of = require("resty.openclaw.auth.figures")
local figures_of_count_tenant = figures_of.count_tenant
local figures_of_of = figures_of.of
local header_names = require("resty.openclaw.auth.header_names")
local header_names_of = header_names.of
local settings = require("resty.openclaw.auth.settings")
local settings_NAME = settings.NAME
local settings_SCHEMA = settings.SCHEMA
local settings_ways = settings.ways
local straight_loop = require("resty.openclaw.core.code.straight_loop")
local straight_loop_over = straight_loop.over
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_VARIABLE = rejections.VARIABLE
local rejections_note = rejections.note
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local request_now = request.now
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local IDENTITY = "openclaw_identity"
local TENANT = "openclaw_tenant"
local CLASS = "openclaw_class"
local METHOD = "openclaw_auth_method"
local STANDARD = "standard"
local function counter(auth, method, result)
    return auth.figures.results[method][result]
end
local function refuse(auth, method, challenge, reason)
    counter(auth, method, reason):inc()
    rejections_note(settings_NAME, reason)
    return answers_refuse(challenge, reason)
end
--- The credential of a way; nothing where the request has none. Refuses the request if there are several that differ.
local function find_credential(auth, way)
    local credential, differ = unpack(
        auth.options.forward and ({way.place:find()}) or ({way.place:take()}),
        1,
        2
    )
    if differ == true then
        refuse(auth, way.method.name, way.challenge, "conflict")
    end
    return credential
end
--- Whose credential it is. Refuses the request if it is not valid.
local function authenticate(auth, way, credential, route)
    local ____way_method_0 = way.method
    local name = ____way_method_0.name
    local caller, reason = way.method:check(
        credential,
        request_now()
    )
    if caller == nil then
        return refuse(auth, name, way.challenge, reason)
    end
    if caller.routes ~= nil and not (caller.routes[route] ~= nil) then
        return refuse(auth, name, way.challenge, "route")
    end
    counter(auth, name, "ok"):inc()
    return caller
end
--- Refuses a request that has one of two credentials where both are needed.
local function require_both(auth, token, key)
    local ____auth_1 = auth
    local jwt = ____auth_1.jwt
    local api_key = ____auth_1.api_key
    if not auth.options.all or jwt == nil or api_key == nil then
        return
    end
    if token == nil then
        refuse(auth, jwt.method.name, jwt.challenge, "missing")
    end
    if key == nil then
        refuse(auth, api_key.method.name, api_key.challenge, "missing")
    end
end
--- Who sends the request; nothing where it has no credentials. Refuses it if one of them is not valid.
local function find_caller(auth, route)
    local ____auth_2 = auth
    local jwt = ____auth_2.jwt
    local api_key = ____auth_2.api_key
    local ____temp_3
    if jwt == nil then
        ____temp_3 = nil
    else
        ____temp_3 = find_credential(auth, jwt)
    end
    local token = ____temp_3
    local ____temp_4
    if api_key == nil then
        ____temp_4 = nil
    else
        ____temp_4 = find_credential(auth, api_key)
    end
    local key = ____temp_4
    if token == nil and key == nil then
        return
    end
    require_both(auth, token, key)
    local ____temp_5
    if token == nil then
        ____temp_5 = nil
    else
        ____temp_5 = authenticate(auth, jwt, token, route)
    end
    local by_token = ____temp_5
    local ____temp_6
    if key == nil then
        ____temp_6 = nil
    else
        ____temp_6 = authenticate(auth, api_key, key, route)
    end
    local by_key = ____temp_6
    if by_token ~= nil then
        return by_token, "jwt"
    end
    return by_key, "api_key"
end
local function set_header(header)
    ngx.req.set_header(header[1], header[2])
end
local set_headers = straight_loop_over(set_header)
local drop_headers = straight_loop_over(header_names.clear)
--- Tells the rest of the gateway, and nodes, who asks.
local function tell(auth, state, caller, method)
    state.rate_of_key = caller.rate
    if not request_set_variable(IDENTITY, caller.identity) then
        local remedy = "add `map \"\" $openclaw_identity { default \"\"; }` to http in nginx.conf, and use it in a directive"
        auth.faults:report("undeclared_variable", remedy)
    end
    request_set_variable(METHOD, method)
    if caller.tenant ~= "" then
        request_set_variable(TENANT, caller.tenant)
    end
    if caller.class ~= STANDARD then
        request_set_variable(CLASS, caller.class)
    end
    local ____caller_7 = caller
    local headers = ____caller_7.headers
    if headers ~= nil then
        set_headers(
            headers,
            #headers,
            nil,
            nil,
            nil
        )
    end
end
--- Takes back what another one has told, before an internal redirect.
local function forget(earlier, state)
    state.authenticated_by = nil
    state.rate_of_key = nil
    for ____, name in ipairs({IDENTITY, METHOD, TENANT}) do
        request_set_variable(name, "")
    end
    request_set_variable(CLASS, STANDARD)
    drop_headers(
        earlier.headers,
        #earlier.headers,
        nil,
        nil,
        nil
    )
end
--- Notes that the request was let pass.
local function pass(auth, state, route)
    state.authenticated_by = auth
    state.authenticated_for = route
end
--- Lets a request without credentials pass, or refuses it.
local function pass_anonymous(auth)
    local way = auth.jwt or auth.api_key
    if not auth.options.optional then
        refuse(auth, "none", way.challenge, "missing")
    end
    counter(auth, "none", "anonymous"):inc()
end
--- Whether this has authenticated the request before, so that it is here after an internal redirect. Without the gateway's hooks the
-- state may be one that an earlier request has left at the same place in memory; nginx's variables begin anew with each request.
local function has_authenticated(auth, state, route)
    if state.authenticated_by ~= auth or state.authenticated_for ~= route then
        return false
    end
    return (request_variable(IDENTITY) or "") ~= ""
end
local function access(self, route)
    if route == nil then
        route = ""
    end
    local state = request_state_open()
    if has_authenticated(self, state, route) then
        return
    end
    if state.is_delivery == true and state.delivery_of == route then
        return pass(self, state, route)
    end
    if state.authenticated_by ~= nil then
        forget(state.authenticated_by, state)
    end
    drop_headers(
        self.headers,
        #self.headers,
        nil,
        nil,
        nil
    )
    local caller, method = find_caller(self, route)
    if caller == nil then
        pass_anonymous(self)
    else
        tell(self, state, caller, method)
        figures_of_count_tenant(self.figures, caller.tenant)
    end
    pass(self, state, route)
end
local function before_balance(self, route)
    if request_is_subrequest() then
        return true
    end
    local state = request_state_present()
    if state ~= nil and state.authenticated_by == self then
        return true
    end
    local remedy = "its location has no access hook; include route.conf there"
    self.faults:report(
        "no_access",
        "requests of the route \"",
        route,
        "\" are refused: ",
        remedy
    )
    return false
end
local function init_worker(self)
    for ____, ____value in ipairs(self.ways) do
        local method = ____value.method
        if method.init_worker ~= nil then
            method:init_worker()
        end
    end
end
local function exit_worker(self)
    for ____, ____value in ipairs(self.ways) do
        local method = ____value.method
        if method.exit_worker ~= nil then
            method:exit_worker()
        end
    end
end
local function status(self)
    local document = {}
    for ____, ____value in ipairs(self.ways) do
        local method = ____value.method
        if method.status ~= nil then
            document[method.name] = method:status()
        end
    end
    return document
end
local metatable = {__index = {
    access = access,
    before_balance = before_balance,
    init_worker = init_worker,
    exit_worker = exit_worker,
    status = status
}}
--- Headers that tokens give to nodes.
local function headers_of(____bindingPattern0)
    local jwt
    jwt = ____bindingPattern0.jwt
    local found = {}
    if jwt == nil or jwt.headers == nil then
        return found
    end
    for ____, name in pairs(jwt.headers) do
        found[#found + 1] = header_names_of(name)
    end
    return found
end
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local registry = metric_registry_open(options.dict)
    local jwt
    local api_key
    local names = {}
    local ways = settings_ways(options, path, route, registry)
    for ____, way in ipairs(ways) do
        names[#names + 1] = way.method.name
        if way.method.name == "jwt" then
            jwt = way
        else
            api_key = way
        end
    end
    local figures = figures_of_of(registry, route, names, options.counted_tenants)
    local faults = fault_new(settings_NAME, registry)
    return setmetatable(
        {
            ways = ways,
            jwt = jwt,
            api_key = api_key,
            options = options,
            headers = headers_of(options),
            figures = figures,
            faults = faults
        },
        metatable
    )
end
local declaration = {
    name = settings_NAME,
    meaning = "[accepts requests with a valid token or API key](auth.md) only",
    order = {access = 250, before_balance = 50},
    schema = settings_SCHEMA,
    variables = {
        [IDENTITY] = "",
        [TENANT] = "",
        [CLASS] = STANDARD,
        [METHOD] = "",
        [rejections_VARIABLE] = ""
    },
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/auth.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
