local declared_variable = require("resty.openclaw.core.request.declared_variable")
local within = require("spec.support.within").request

local function exists(name)
    return within(function() return tostring(declared_variable.exists(name)) end)
end

describe("declared_variable", function()
    it("exists if nginx.conf or a module defines it, whether it has a value or not", function()
        for _, name in ipairs({
            "spec_value", "spec_empty", "SPEC_VALUE", "openclaw_class", "remote_addr", "remote_user", "args", "ssl_client_s_dn",
            "upstream_status", "http_x_camera", "HTTP_X_CAMERA", "arg_user", "cookie_a", "sent_http_x", "upstream_http_x",
        }) do
            assert.equal("true", exists(name), name)
        end
    end)

    it("does not exist otherwise", function()
        for _, name in ipairs({ "no_such_variable", "spec_valu", "1", "http", ("n"):rep(200) }) do assert.equal("false", exists(name), name) end
    end)
end)
