--- What a route needs in nginx.conf, and how the gateway says that it is missing.
local declared_variable = require("resty.openclaw.core.request.declared_variable")
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local requirements = require("resty.openclaw.gateway.requirements")

local FIRST = { variables = { spec_second = "", spec_first = "1" } }

--- Takes what is reported.
local function witness()
    local faults = { lines = {} }
    function faults:report(kind, ...) self.lines[#self.lines + 1] = { kind, table.concat({ ... }) } end
    faults.report_each = faults.report
    return faults
end

--- Runs `work` in a request whose variables these are; `settable` are declared.
local function with_variables(variables, settable, work)
    local of_variable = stub(request, "variable").invokes(function(name) return variables[name] end)
    local of_number = stub(request, "whole_number").invokes(function(name) return tonumber(variables[name]) or 0 end)
    local of_status = stub(request, "status").invokes(function() return tonumber(variables.status) or 0 end)
    local set = stub(request, "set_variable").invokes(function(name, value)
        if not settable[name] then return false end
        variables[name] = value
        return true
    end)
    local ok, err = pcall(work)
    for _, double in ipairs({ of_variable, of_number, of_status, set }) do double:revert() end
    assert(ok, err)
end

describe("requirements: variables", function()
    it("that nginx.conf does not declare are reported, once", function()
        local needs, faults = requirements.new("analyze", { FIRST, { variables = {} } }, false, false, nil, {}), witness()
        assert.is_true(needs.awaits_variables)
        with_variables({}, {}, function() requirements.look_at_variables(needs, faults) end)
        assert.is_false(needs.awaits_variables)
        assert.same({ { "undeclared_variable", 'the route "analyze" needs $spec_first, $spec_second: include nginx/openclaw.conf in http; '
            .. 'declare variables of your own plugins by set $NAME ""; in the server' } }, faults.lines)
    end)

    it("that no directive uses are reported as such", function()
        local needs, faults = requirements.new("analyze", { FIRST }, false, false, nil, {}), witness()
        with_variables({ spec_first = "", spec_second = "" }, { spec_first = true }, function()
            requirements.look_at_variables(needs, faults)
        end)
        assert.same({ { "unused_variable", 'the route "analyze" sets $spec_second, which no directive uses, so nginx cannot set it: '
            .. 'declare it by set $NAME ""; in the server' } }, faults.lines)
    end)

    it("that are declared keep their values", function()
        local needs, faults = requirements.new("analyze", { FIRST }, false, false, nil, {}), witness()
        local variables = { spec_first = "1", spec_second = "" }
        with_variables(variables, { spec_first = true, spec_second = true }, function()
            requirements.look_at_variables(needs, faults)
        end)
        assert.same({}, faults.lines)
        assert.same({ spec_first = "1", spec_second = "" }, variables)
    end)

    it("are not looked at where a route needs none", function()
        assert.is_false(requirements.new("analyze", { { variables = {} } }, false, false, nil, {}).awaits_variables)
    end)
end)

describe("requirements: variables that options name", function()
    local READINGS = { { option = "class", variable = "my_class" }, { option = "limit[2].by", variable = "my_tenant" } }

    it("are reported, each of them, once, where nginx has none of that name", function()
        local needs, faults = requirements.new("analyze", {}, false, false, nil, READINGS), witness()
        local exists = stub(declared_variable, "exists").invokes(function(name) return name == "my_class" end)
        assert.is_true(needs.awaits_variables)
        with_variables({}, {}, function() requirements.look_at_variables(needs, faults) end)
        exists:revert()
        assert.is_false(needs.awaits_variables)
        assert.same({ { "unknown_variable", 'the option limit[2].by of the route "analyze" is "$my_tenant", which nginx.conf does not '
            .. "define, so it is always empty: define it by a map or set, or correct the name" } }, faults.lines)
    end)
end)

describe("requirements: hooks", function()
    local ANSWER = { status = "200", upstream_status = "502, 200", body_bytes_sent = "5" }

    local function reported(needs, variables)
        local faults = witness()
        with_variables(variables, {}, function() requirements.look_at_hooks(needs, faults) end)
        local kinds = {}
        for place, line in ipairs(faults.lines) do kinds[place] = line[1] end
        return kinds, faults.lines
    end

    it("that a node's response has not passed are reported", function()
        local needs = requirements.new("analyze", {}, true, true, "inference.conf", {})
        local kinds, lines = reported(needs, ANSWER)
        assert.same({ "no_access", "no_header_filter", "no_body_filter" }, kinds)
        assert.equal('a request of the route "analyze" did not pass access_by_lua, so that its plugins, such as limits, had no effect: include nginx/route.conf in its location',
            lines[1][2])
        assert.equal('a response of the route "analyze" did not pass body_filter_by_lua: include nginx/inference.conf in its location',
            lines[3][2])
    end)

    it("that have run once are fine", function()
        local needs = requirements.new("analyze", {}, true, true, "inference.conf", {})
        needs.awaits_access = false
        needs.awaits_header_filter = false
        assert.same({ "no_body_filter" }, (reported(needs, ANSWER)))
        needs.awaits_body_filter = false
        assert.same({}, (reported(needs, ANSWER)))
    end)

    it("are not missed by responses that may be another location's", function()
        for _, variables in ipairs({
            { status = "404", upstream_status = "404", body_bytes_sent = "5" }, -- nginx may have replaced it
            { status = "200", upstream_status = "502", body_bytes_sent = "5" }, -- an error page
            { status = "200", body_bytes_sent = "5" }, -- the cache's
            { status = "200", upstream_status = "200", body_bytes_sent = "0" }, -- without a body, or the client has left
            { status = "200", upstream_status = "200", body_bytes_sent = "5", upstream_http_x_accel_redirect = "/file" },
            { status = "101", upstream_status = "101", body_bytes_sent = "5" }, -- a WebSocket
        }) do
            assert.same({}, (reported(requirements.new("analyze", {}, true, true, "inference.conf", {}), variables)))
        end
    end)
end)

describe("requirements: the log phase", function()
    it("is not missed where plugins that stand alone have taken back what they kept", function()
        local faults = witness()
        requirements.watch_log(faults)
        local key, began = stub(request, "key").returns(78), stub(request, "started").returns(1)
        request_state.open().mine = true
        request_state.open().mine = nil
        began.returns(2)
        request_state.open()
        request_state.forget()
        key:revert()
        began:revert()
        assert.same({}, faults.lines)
    end)

    it("is reported when a request ended without it", function()
        local faults = witness()
        requirements.watch_log(faults)
        local key, began = stub(request, "key").returns(77), stub(request, "started").returns(1)
        request_state.open().mine = true
        began.returns(2)
        request_state.open()
        request_state.forget()
        key:revert()
        began:revert()
        assert.equal("no_log", faults.lines[1][1])
    end)
end)
