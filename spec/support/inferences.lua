--- The inference plugins of the specs, a gateway with such a route, and the answers they see.
local inference = require("resty.openclaw.inference")

local _M = {
    main = inference.new(),
    small = inference.new(),
    asking = inference.new({ include_usage = true, max_body_bytes = 300000 }),
    --- What the next answer is: `pieces`, each sent at once, `type`, `status`, `headers`.
    plan = {},
    --- What the log phase has shown, oldest first.
    seen = {},
    --- The bodies that the node of `asking` has got, oldest first.
    bodies = {},
}

--- Forgets what was seen.
function _M.reset()
    _M.seen, _M.bodies = {}, {}
end

--- The content handler: each piece is a chunk of its own.
function _M.answer()
    local plan = _M.plan
    ngx.status = plan.status or 200
    ngx.header["Content-Type"] = plan.type
    for name, value in pairs(plan.headers or {}) do ngx.header[name] = value end
    for _, piece in ipairs(plan.pieces) do
        if type(piece) == "number" then
            ngx.sleep(piece)
        else
            ngx.print(piece)
            ngx.flush(true)
        end
    end
end

--- The same for a node that looks at what it is asked.
function _M.answer_asked()
    ngx.req.read_body()
    local file = ngx.req.get_body_file()
    local body = ngx.req.get_body_data()
    if file then
        local opened = assert(io.open(file))
        body = opened:read("*a")
        opened:close()
    end
    assert(not body or #body == tonumber(ngx.var.http_content_length))
    table.insert(_M.bodies, body or "")
    _M.answer()
end

--- The content handler of a node that sends its second piece when the spec has got the first.
function _M.answer_in_turn()
    _M.may_go_on = false
    ngx.header["Content-Type"] = _M.plan.type
    ngx.print(_M.plan.pieces[1])
    ngx.flush(true)
    require("spec.support.eventually")(function() return _M.may_go_on end, "the first piece")
    ngx.print(_M.plan.pieces[2])
end

--- Notes what the log phase has left in the variables.
function _M.note()
    local var = ngx.var
    table.insert(_M.seen, {
        model = var.openclaw_model,
        prompt_tokens = var.openclaw_prompt_tokens,
        completion_tokens = var.openclaw_completion_tokens,
        finish_reason = var.openclaw_finish_reason,
        tokens_per_second = var.openclaw_tokens_per_second,
        cached_tokens = var.openclaw_cached_tokens,
        reasoning_tokens = var.openclaw_reasoning_tokens,
        tokens_source = var.openclaw_tokens_source,
        first_token_seconds = var.openclaw_first_token_seconds,
    })
end

local gateway = require("resty.openclaw")
package.loaded["resty.openclaw"] = nil
_M.gateway = require("resty.openclaw")
package.loaded["resty.openclaw"] = gateway
_M.gateway.setup({ routes = { chat = { inference = {}, plugins = { { log = _M.note } } } } })

return _M
