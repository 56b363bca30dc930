local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local body = require("resty.openclaw.admin.body")
local body_read = body.read
local calls = require("resty.openclaw.admin.call")
local calls_answer = calls.answer
local calls_note = calls.note
local calls_note_node = calls.note_node
local calls_refuse = calls.refuse
local calls_refuse_no_queue = calls.refuse_no_queue
local calls_refuse_unknown_node = calls.refuse_unknown_node
local calls_refuse_unstored = calls.refuse_unstored
local node_patches = require("resty.openclaw.admin.node_patch")
local node_patches_describe = node_patches.describe
local node_patches_read = node_patches.read
local paths = require("resty.openclaw.admin.path")
local paths_may_be_added = paths.may_be_added
local queue_patches = require("resty.openclaw.admin.queue_patch")
local queue_patches_read = queue_patches.read
local shown = require("resty.openclaw.admin.shown")
local shown_node = shown.node
local shown_queue = shown.queue
local shown_removed = shown.removed
local shown_upstream = shown.upstream
local shown_upstreams = shown.upstreams
local function show_all(call)
    calls_answer(
        call,
        200,
        shown_upstreams(call.upstreams)
    )
end
local function show_upstream(call, upstream)
    calls_answer(
        call,
        200,
        shown_upstream(call.upstream, upstream)
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
        return calls_refuse_unknown_node(call)
    end
    calls_answer(
        call,
        200,
        shown_node(report)
    )
end
local function change_node(call, upstream)
    local patch, code, message = node_patches_read(body_read(call))
    if patch == nil then
        return calls_refuse(call, 400, code, message)
    end
    local address = call.address
    local before = find(call, upstream)
    if address == nil or before == nil and not paths_may_be_added(address) then
        local expected = "The node must be an IP address and port, or unix: and a path of at most 107 plain letters."
        return calls_refuse(call, 400, "bad_change", expected)
    end
    local ok, err = upstream:change(address, patch)
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    local after = find(call, upstream)
    if after == nil then
        return calls_refuse_unstored(call, "the node is not in force")
    end
    calls_note_node(
        call,
        before == nil and "added" or "changed",
        node_patches_describe(patch)
    )
    calls_answer(
        call,
        before == nil and 201 or 200,
        shown_node(after)
    )
end
local function remove_node(call, upstream)
    if call.address == nil or find(call, upstream) == nil then
        return calls_refuse_unknown_node(call)
    end
    local ok, err = upstream:change(call.address, {remove = true})
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    calls_note_node(call, "removed")
    calls_answer(
        call,
        200,
        shown_removed(call.address)
    )
end
local function forget_changes(call, upstream)
    if call.address == nil then
        return calls_refuse_unknown_node(call)
    end
    local before = find(call, upstream)
    local ok, err = upstream:forget_changes(call.address)
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    local after = find(call, upstream)
    if before == nil and after == nil then
        return calls_refuse_unknown_node(call)
    end
    calls_note_node(call, "took back the changes of")
    calls_answer(
        call,
        200,
        after == nil and shown_removed(call.address) or shown_node(after)
    )
end
--- Its waiting room; ends the request if there is none.
local function queue_of(call, upstream)
    local ____this_1
    ____this_1 = upstream
    local ____opt_0 = ____this_1.queue
    return ____opt_0 and ____opt_0(____this_1) or calls_refuse_no_queue(call)
end
local function show_queue(call, upstream)
    calls_answer(
        call,
        200,
        shown_queue(queue_of(call, upstream))
    )
end
local function set_concurrency(call, upstream, concurrency)
    local ____this_3
    ____this_3 = upstream
    local ____opt_2 = ____this_3.change_queue
    if (____opt_2 and ____opt_2(____this_3, concurrency)) ~= true then
        calls_refuse_no_queue(call)
    end
end
local function change_queue(call, upstream)
    local concurrency, code, message = queue_patches_read(body_read(call))
    if concurrency == nil then
        return calls_refuse(call, 400, code, message)
    end
    set_concurrency(call, upstream, concurrency)
    calls_note(
        call,
        "changed",
        "the queue",
        ": concurrency " .. tostring(concurrency)
    )
    show_queue(call, upstream)
end
local function forget_queue_changes(call, upstream)
    set_concurrency(call, upstream, nil)
    calls_note(call, "took back the changes of", "the queue")
    show_queue(call, upstream)
end
local ALL = {allow = "GET, HEAD", methods = {GET = show_all, HEAD = show_all}}
local UPSTREAM = {allow = "GET, HEAD", methods = {GET = show_upstream, HEAD = show_upstream}}
local NODE = {allow = "GET, HEAD, PUT, DELETE", methods = {GET = show_node, HEAD = show_node, PUT = change_node, DELETE = remove_node}}
local CHANGES = {allow = "DELETE", methods = {DELETE = forget_changes}}
local QUEUE = {allow = "GET, HEAD, PUT", methods = {GET = show_queue, HEAD = show_queue, PUT = change_queue}}
local QUEUE_CHANGES = {allow = "DELETE", methods = {DELETE = forget_queue_changes}}
--- The methods of each kind of path.
local RESOURCES = {
    upstreams = ALL,
    upstream = UPSTREAM,
    node = NODE,
    changes = CHANGES,
    queue = QUEUE,
    queue_changes = QUEUE_CHANGES
}
____exports.RESOURCES = RESOURCES
return ____exports
