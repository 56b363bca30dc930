local ____exports = {}
local body = require("resty.openclaw.admin.body")
local calls = require("resty.openclaw.admin.call")
local node_patches = require("resty.openclaw.admin.node_patch")
local paths = require("resty.openclaw.admin.path")
local shown = require("resty.openclaw.admin.shown")
local function show_all(call)
    calls.answer(
        call,
        200,
        shown.upstreams(call.upstreams)
    )
end
local function show_upstream(call, upstream)
    calls.answer(
        call,
        200,
        shown.upstream(call.upstream, upstream)
    )
end
local function find(call, upstream)
    for ____, report in ipairs(upstream:report()) do
        if report.address == call.address then
            return report
        end
    end
    return nil
end
local function show_node(call, upstream)
    local report = find(call, upstream)
    if report == nil then
        return calls.refuse_unknown_node(call)
    end
    calls.answer(
        call,
        200,
        shown.node(report)
    )
end
local function change_node(call, upstream)
    local patch, code, message = node_patches.read(body.read(call))
    if patch == nil then
        return calls.refuse(call, 400, code, message)
    end
    local address = call.address
    local before = find(call, upstream)
    if address == nil or before == nil and not paths.may_be_added(address) then
        local expected = "The node must be an IP address and port, or unix: and a path of at most 107 plain letters."
        return calls.refuse(call, 400, "bad_change", expected)
    end
    local ok, err = upstream:change(address, patch)
    if not ok then
        return calls.refuse_unstored(call, err)
    end
    local after = find(call, upstream)
    if after == nil then
        return calls.refuse_unstored(call, "the node is not in force")
    end
    calls.note(
        call,
        before == nil and "added" or "changed",
        node_patches.describe(patch)
    )
    calls.answer(
        call,
        before == nil and 201 or 200,
        shown.node(after)
    )
end
local function remove_node(call, upstream)
    if call.address == nil or find(call, upstream) == nil then
        return calls.refuse_unknown_node(call)
    end
    local ok, err = upstream:change(call.address, {remove = true})
    if not ok then
        return calls.refuse_unstored(call, err)
    end
    calls.note(call, "removed")
    calls.answer(
        call,
        200,
        shown.removed(call.address)
    )
end
local function forget_changes(call, upstream)
    if call.address == nil then
        return calls.refuse_unknown_node(call)
    end
    local before = find(call, upstream)
    local ok, err = upstream:forget_changes(call.address)
    if not ok then
        return calls.refuse_unstored(call, err)
    end
    local after = find(call, upstream)
    if before == nil and after == nil then
        return calls.refuse_unknown_node(call)
    end
    calls.note(call, "took back the changes of")
    calls.answer(
        call,
        200,
        after == nil and shown.removed(call.address) or shown.node(after)
    )
end
local ALL = {allow = "GET, HEAD", methods = {GET = show_all, HEAD = show_all}}
local UPSTREAM = {allow = "GET, HEAD", methods = {GET = show_upstream, HEAD = show_upstream}}
local NODE = {allow = "GET, HEAD, PUT, DELETE", methods = {GET = show_node, HEAD = show_node, PUT = change_node, DELETE = remove_node}}
local CHANGES = {allow = "DELETE", methods = {DELETE = forget_changes}}
--- The methods of each kind of path.
____exports.RESOURCES = {upstreams = ALL, upstream = UPSTREAM, node = NODE, changes = CHANGES}
return ____exports
