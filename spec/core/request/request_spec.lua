local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local request = require("resty.openclaw.core.request.request")
local run = require("spec.support.within")

local within = run.request

local function shown(name)
    return within(function() return type(request.variable(name)) .. " " .. tostring(request.variable(name)) end)
end

describe("request.variable", function()
    it("agrees with ngx.var", function()
        local names = {
            "uri", "request_uri", "args", "arg_model", "arg_none", "http_x_header", "http_none", "request_id", "remote_addr",
            "server_port", "spec_value", "spec_empty", "no_such_variable", "upstream_addr", "request_length", "host", "1", "",
        }
        local seen = within(function()
            local seen = 0
            for _, name in ipairs(names) do
                local expected = ngx.var[name]
                assert(request.variable(name) == expected, name)
                if expected then seen = seen + 1 end
            end
            return seen
        end, "/request/content?model=pond", { ["X-Header"] = "here" })
        assert.equal("12", seen)
    end)

    it("knows one that was set to nothing from one that is not there", function()
        assert.equal("string ", shown("spec_empty"))
        assert.equal("nil nil", shown("upstream_addr"))
        assert.equal("nil nil", shown("no_such_variable"))
    end)

    it("takes capitals for small letters, as nginx does", function()
        assert.equal("string /request/content", shown("URI"))
        assert.equal("string a value", shown("Spec_Value"))
    end)

    it("takes names of 128 letters, and none that is longer", function()
        local name = "http_" .. ("a"):rep(123)
        local headers = { [("a"):rep(123)] = "long", [("a"):rep(124)] = "longer" }
        assert.equal("long", within(function() return request.variable(name) end, nil, headers))
        assert.equal("nil", within(function() return request.variable(name .. "a") end, nil, headers))
        assert.equal("nil", within(function() return request.variable(("x"):rep(100000)) end))
    end)

    it("gives values with any bytes, of any length", function()
        local value = "\1\255" .. ("v"):rep(2000)
        assert.equal(value, within(function() return request.variable("http_x_value") end, nil, { ["X-Value"] = value }))
    end)

    it("keeps its value when another one is read", function()
        local text = within(function()
            local first, second = request.variable("spec_value"), request.variable("uri")
            return first .. "," .. second
        end)
        assert.equal("a value,/request/content", text)
    end)
end)

describe("request.seconds", function()
    local function seconds(value)
        return within(function() return tostring(request.seconds("http_x_value")) end, nil, { ["X-Value"] = value })
    end

    it("reads one time as nginx writes it", function()
        assert.equal("0.25", seconds("0.250"))
        assert.equal("0", seconds("0.000"))
        assert.equal("12345.678", seconds("12345.678"))
        assert.equal("7", seconds("7"))
    end)

    it("says of anything else that it is none", function()
        for _, value in ipairs({ "-", "0.001, 0.250", "0.001 : 0.250", "0.1 : ", "-0.1", "1e3", "0.2500", "." .. ("9"):rep(40) }) do
            assert.equal("-1", seconds(value))
        end
        assert.equal("nil", within(function() return tostring(request.seconds("http_x_value")) end))
        assert.equal("nil", tostring(request.seconds("upstream_response_time"))) -- no request
    end)

    it("reads the last of several times", function()
        local function last(value)
            return within(function() return tostring(request.last_seconds("http_x_value")) end, nil, { ["X-Value"] = value })
        end
        assert.equal("0.25", last("0.250"))
        assert.equal("0.25", last("1.000, 0.250"))
        assert.equal("0.003", last("1.000, 0.250 : 0.003"))
        for _, value in ipairs({ "-", "0.250, -", "0.250 : ", "nonsense" }) do assert.equal("nil", last(value)) end
        assert.equal("nil", within(function() return tostring(request.last_seconds("http_x_value")) end))
    end)
end)

describe("request.set_variable", function()
    it("sets what is declared, and says where nothing is", function()
        assert.equal("true 0.250", within(function()
            return tostring(request.set_variable("spec_value", "0.250")) .. " " .. ngx.var.spec_value
        end))
        for _, name in ipairs({ "no_such_variable", "uri", "upstream_addr", ("x"):rep(129), "" }) do
            assert.equal("false", within(function() return request.set_variable(name, "value") end))
        end
        assert.is_false(request.set_variable("spec_value", "value")) -- no request
    end)
end)

describe("request.whole_number", function()
    it("gives what holds digits only, and 0 for all else", function()
        local values = {
            ["0"] = "0", ["42"] = "42", ["007"] = "7", ["9007199254740992"] = "9.007199254741e+15",
            [""] = "0", ["-1"] = "0", ["1.5"] = "0", ["1e3"] = "0", ["12x"] = "0", ["99999999999999999999"] = "0",
        }
        for value, expected in pairs(values) do
            assert.equal(expected, within(function() return request.whole_number("arg_value") end, "/request/content?value=" .. value))
        end
        assert.equal("0", within(function() return request.whole_number("arg_value") end))
        assert.equal("0", within(function() return request.whole_number("no_such_variable") end))
    end)

    it("agrees with ngx.var", function()
        local text = within(function() return request.whole_number("request_length") - ngx.var.request_length end)
        assert.equal("0", text)
    end)
end)

describe("request.append", function()
    local buffers = require("string.buffer")

    local function appended(name, before, path)
        return within(function()
            local buffer = buffers.new():put("x")
            local found = request.append(buffer, name, before)
            return tostring(found) .. " " .. buffer:tostring()
        end, path)
    end

    it("puts a value into a buffer as it is, and something before it", function()
        assert.equal("true xa value", appended("spec_value", ""))
        assert.equal("true x:a value", appended("spec_value", ":"))
        assert.equal("true x%00\"%ff", appended("arg_value", "", "/request/content?value=%00\"%ff"))
    end)

    it("puts nothing where there is nothing", function()
        for _, name in ipairs({ "spec_empty", "upstream_addr", "no_such_variable" }) do
            assert.equal("false x", appended(name, ":"))
        end
        local buffer = buffers.new()
        assert.is_false(request.append(buffer, "uri", ":"))
        assert.equal("", buffer:tostring())
    end)

    it("puts numbers only when it is told to", function()
        local values = { ["0"] = true, ["0.012"] = true, ["9"] = true, ["-"] = false, [""] = false, ["/1"] = false, [":1"] = false, ["\255"] = false }
        for value, expected in pairs(values) do
            local text = within(function()
                local buffer = buffers.new()
                local found = request.append_number(buffer, "http_x_value")
                return tostring(found) .. " " .. buffer:tostring()
            end, nil, { ["X-Value"] = value })
            assert.equal(expected and "true " .. value or "false ", text)
        end
        assert.is_false(request.append_number(buffers.new(), "request_length"))
    end)
end)

describe("request.is_there", function()
    it("tells a request from what stands in for one", function()
        assert.equal("true", within(request.is_there))
        assert.equal("true", within(request.is_there, "/request/access"))
        assert.is_false(request.is_there())
        local seen
        assert(ngx.timer.at(0, function() seen = request.is_there() end))
        eventually(function() return seen ~= nil end)
        assert.is_false(seen)
    end)
end)

describe("request", function()
    it("knows the time as ngx.now does", function()
        assert.equal(ngx.now(), request.now())
        ngx.update_time()
        assert.equal(ngx.now(), request.now())
    end)

    it("knows how long a request has taken", function()
        local text = within(function()
            local before = request.seconds_taken()
            ngx.sleep(0.02)
            local after = request.seconds_taken()
            assert(after == ngx.now() - ngx.req.start_time())
            return tostring(before >= 0 and after - before >= 0.015)
        end)
        assert.equal("true", text)
    end)

    it("never says that a request took less than nothing", function()
        local now = stub(request, "now").returns(5)
        local text = within(function() return request.seconds_taken() end)
        now:revert()
        assert.equal("0", text)
    end)

    it("knows the status", function()
        assert.equal("0", within(function() return request.status() end, "/request/access"))
        assert.equal("418", within(function()
            ngx.status = 418
            local status = request.status()
            ngx.status = 200
            return status
        end))
    end)

    it("tells a subrequest from a request", function()
        local function work() return tostring(request.is_subrequest()) .. " " .. request.variable("uri") end
        assert.equal("false /request/content", within(work))
        assert.equal("true /request/content", within(work, "/request/subrequest"))
    end)

    it("works in the log phase", function()
        run.result = nil
        run.work = function() return table.concat({ request.status(), request.variable("uri") }, " ") end
        assert.equal(204, http.get("/request/log").status)
        assert.equal("204 /request/log", eventually(function() return run.result end, "the log phase"))
    end)

    it("knows nothing where there is no request, and raises nothing", function()
        assert.equal("timer", ngx.get_phase())
        assert.is_nil(request.variable("uri"))
        assert.is_nil(request.variable("no_such_variable"))
        assert.equal(0, request.whole_number("request_length"))
        assert.equal(0, request.status())
        assert.equal(0, request.seconds_taken())
        assert.is_false(request.is_subrequest())
        assert.is_true(request.now() > 1.7e9)
    end)

    describe("point", function()
        --- Gives the variable the bytes of `$request_uri`; returns whether it took them, and its value.
        local function point(name, headers)
            return within(function()
                local memory, count = request.bytes_of("request_uri")
                local is_given = request.point(name, memory, count)
                return tostring(is_given) .. " " .. ngx.var[name]
            end, nil, headers)
        end

        it("gives a value without a copy, once nginx has found the same value", function()
            assert.equal("false /request/content", point("spec_pointed"))
            assert.equal("true /request/content", point("spec_pointed", { ["X-Later"] = "1" }))
        end)

        it("leaves a variable to nginx for ever that nginx has found another value for", function()
            for _ = 1, 3 do assert.equal("false by nginx", point("spec_other")) end
        end)

        it("keeps a value that the variable has already", function()
            point("spec_pointed")
            assert.equal("by nginx false by nginx", within(function()
                local before = ngx.var.spec_pointed
                local memory, count = request.bytes_of("request_uri")
                return before .. " " .. tostring(request.point("spec_pointed", memory, count)) .. " " .. ngx.var.spec_pointed
            end, nil, { ["X-Later"] = "1" }))
        end)

        it("does nothing for a variable that does not exist, and in a timer", function()
            assert.equal("false", within(function()
                local memory, count = request.bytes_of("request_uri")
                return tostring(request.point("no_such_variable", memory, count))
            end))
            local seen
            ngx.timer.at(0, function() seen = { request.point("spec_pointed", require("ffi").new("uint8_t[4]"), 4) } end)
            eventually(function() return seen end)
            assert.same({ false }, seen)
        end)
    end)

    describe("set_part", function()
        local function set_part(name)
            return within(function()
                local bytes = require("ffi").new("uint8_t[8]", "abcdefgh")
                local is_set = request.set_part(name, bytes, 8, 2, 3)
                return tostring(is_set) .. " " .. tostring(ngx.var[name])
            end)
        end

        it("sets a part; the rest stays in memory", function()
            assert.equal("true cde", set_part("spec_value"))
            assert.equal("ab|fgh", within(function()
                request.set_part("spec_value", require("ffi").new("uint8_t[8]", "abcdefgh"), 8, 2, 3)
                local memory, count = request.bytes_of("spec_value")
                return require("ffi").string(memory - 2, 2) .. "|" .. require("ffi").string(memory + count, 3)
            end))
        end)

        it("says so where no variable is declared", function() assert.equal("false nil", set_part("no_such_variable")) end)
    end)
end)
