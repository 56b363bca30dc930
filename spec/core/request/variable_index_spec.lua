local base = require("resty.core.base")
local eventually = require("spec.support.eventually")
local ffi = require("ffi")
local request = require("resty.openclaw.core.request.request")
local variable_index = require("resty.openclaw.core.request.variable_index")
local within = require("spec.support.within").request

local function number_of(name)
    return within(function() return tostring(variable_index.numbers(base.get_request())[name]) end)
end

describe("variable_index", function()
    it("finds the numbers of variables that nginx.conf uses, and no others", function()
        assert.truthy(tonumber(number_of("spec_value")) >= 0)
        assert.not_equal(number_of("spec_value"), number_of("spec_empty"))
        for _, name in ipairs({ "no_such_variable", "", "spec_valu", "spec_value_", "http_none" }) do
            assert.equal("nil", number_of(name), name)
        end
    end)

    it("reads the value of a number, or that there is none", function()
        local text = within(function()
            local its_request = base.get_request()
            local value, bytes = ffi.new("char *[1]"), ffi.new("size_t[1]")
            local function read(name)
                local number = variable_index.numbers(its_request)[name]
                if not variable_index.read(its_request, number, value, bytes) then return "none" end
                return ffi.string(value[0], bytes[0])
            end
            return table.concat({ read("spec_value"), read("spec_empty"), read("upstream_status") }, "|")
        end)
        assert.equal("a value||none", text)
    end)

    -- By number nginx would keep the first value.
    it("leaves variables to their names whose value nginx would keep for a number only", function()
        assert.equal("nil", number_of("http_x_indexed"))
        local seen = within(function()
            local first = request.variable("http_x_indexed")
            ngx.req.set_header("X-Indexed", "two")
            return first .. " " .. request.variable("http_x_indexed")
        end, nil, { ["X-Indexed"] = "one" })
        assert.equal("one two", seen)
    end)

    it("knows no number where the request does not begin as nginx's do", function()
        local found = within(function()
            local other = ffi.new("openclaw_request_t[1]")
            return tostring(next(variable_index.numbers(ffi.cast("ngx_http_request_t *", other))))
        end)
        assert.equal("nil", found)
    end)

    it("reads nothing in a timer", function()
        within(function() return request.variable("spec_value") end)
        local seen, is_of_timer
        ngx.timer.at(0, function()
            is_of_timer = variable_index.is_of_timer(base.get_request())
            seen = { request.variable("spec_value"), request.variable("host") }
        end)
        eventually(function() return seen end)
        assert.is_true(is_of_timer)
        assert.same({}, seen)
    end)
end)
