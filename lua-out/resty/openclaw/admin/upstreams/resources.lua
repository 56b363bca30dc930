local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local body = require("resty.openclaw.admin.body")
local body_read = body.read
local calls = require("resty.openclaw.admin.call")
local calls_answer = calls.answer
local calls_note = calls.note
local calls_refuse = calls.refuse
local calls_refuse_unstored = calls.refuse_unstored
local node_patches = require("resty.openclaw.admin.upstreams.node_patch")
local node_patches_describe = node_patches.describe
local node_patches_read = node_patches.read
local paths = require("resty.openclaw.admin.upstreams.path")
local paths_may_be_added = paths.may_be_added
local queue_patches = require("resty.openclaw.admin.upstreams.queue_patch")
local queue_patches_read = queue_patches.read
local shown = require("resty.openclaw.admin.upstreams.shown")
local shown_node = shown.node
local shown_queue = shown.queue
local shown_removed = shown.removed
local shown_upstream = shown.upstream
local shown_upstreams = shown.upstreams
local function refuse_unknown_node(call)
    return calls_refuse(call, 404, "unknown_node", "The upstream has no such node.")
end
--- Logs what was done to which part of the upstream.
local function note(____bindingPattern0, what, part, more)
    if more == nil then
        more = ""
    end
    local name
    name = ____bindingPattern0.name
    calls_note((((((what .. " ") .. part) .. " of upstream \"") .. name) .. "\"") .. more)
end
--- Logs what was done to the node.
local function note_node(subject, what, more)
    if more == nil then
        more = ""
    end
    note(
        subject,
        what,
        "node " .. tostring(subject.address),
        more
    )
end
local function show_all(call, ____bindingPattern0)
    local upstreams
    upstreams = ____bindingPattern0.upstreams
    calls_answer(
        call,
        200,
        shown_upstreams(upstreams)
    )
end
local function show_upstream(call, ____bindingPattern0)
    local upstream
    local name
    name = ____bindingPattern0.name
    upstream = ____bindingPattern0.upstream
    calls_answer(
        call,
        200,
        shown_upstream(name, upstream)
    )
end
local function find(____bindingPattern0)
    local address
    local upstream
    upstream = ____bindingPattern0.upstream
    address = ____bindingPattern0.address
    for ____, report in ipairs(upstream:report()) do
        if report.address == address then
            return report
        end
    end
    return nil
end
local function show_node(call, subject)
    local report = find(subject)
    if report == nil then
        return refuse_unknown_node(call)
    end
    calls_answer(
        call,
        200,
        shown_node(report)
    )
end
local function change_node(call, subject)
    local patch, code, message = node_patches_read(body_read(call))
    if patch == nil then
        return calls_refuse(call, 400, code, message)
    end
    local ____subject_0 = subject
    local upstream = ____subject_0.upstream
    local address = ____subject_0.address
    local before = find(subject)
    if address == nil or before == nil and not paths_may_be_added(address) then
        local expected = "The node must be an IP address and port, or unix: and a path of at most 107 plain letters."
        return calls_refuse(call, 400, "bad_change", expected)
    end
    local ok, err = upstream:change(address, patch)
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    local after = find(subject)
    if after == nil then
        return calls_refuse_unstored(call, "the node is not in force")
    end
    note_node(
        subject,
        before == nil and "added" or "changed",
        node_patches_describe(patch)
    )
    calls_answer(
        call,
        before == nil and 201 or 200,
        shown_node(after)
    )
end
local function remove_node(call, subject)
    local ____subject_1 = subject
    local upstream = ____subject_1.upstream
    local address = ____subject_1.address
    if address == nil or find(subject) == nil then
        return refuse_unknown_node(call)
    end
    local ok, err = upstream:change(address, {remove = true})
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    note_node(subject, "removed")
    calls_answer(
        call,
        200,
        shown_removed(address)
    )
end
local function forget_changes(call, subject)
    local ____subject_2 = subject
    local upstream = ____subject_2.upstream
    local address = ____subject_2.address
    if address == nil then
        return refuse_unknown_node(call)
    end
    local before = find(subject)
    local ok, err = upstream:forget_changes(address)
    if not ok then
        return calls_refuse_unstored(call, err)
    end
    local after = find(subject)
    if before == nil and after == nil then
        return refuse_unknown_node(call)
    end
    note_node(subject, "took back the changes of")
    calls_answer(
        call,
        200,
        after == nil and shown_removed(address) or shown_node(after)
    )
end
local function refuse_no_queue(call)
    return calls_refuse(call, 404, "no_queue", "The upstream has no queue.")
end
--- Its waiting room; ends the request if there is none.
local function queue_of(call, ____bindingPattern0)
    local upstream
    upstream = ____bindingPattern0.upstream
    local ____this_4
    ____this_4 = upstream
    local ____opt_3 = ____this_4.queue
    return ____opt_3 and ____opt_3(____this_4) or refuse_no_queue(call)
end
local function show_queue(call, subject)
    calls_answer(
        call,
        200,
        shown_queue(queue_of(call, subject))
    )
end
local function set_concurrency(call, ____bindingPattern0, concurrency)
    local upstream
    upstream = ____bindingPattern0.upstream
    local ____this_6
    ____this_6 = upstream
    local ____opt_5 = ____this_6.change_queue
    if (____opt_5 and ____opt_5(____this_6, concurrency)) ~= true then
        refuse_no_queue(call)
    end
end
local function change_queue(call, subject)
    local concurrency, code, message = queue_patches_read(body_read(call))
    if concurrency == nil then
        return calls_refuse(call, 400, code, message)
    end
    set_concurrency(call, subject, concurrency)
    note(
        subject,
        "changed",
        "the queue",
        ": concurrency " .. tostring(concurrency)
    )
    show_queue(call, subject)
end
local function forget_queue_changes(call, subject)
    set_concurrency(call, subject, nil)
    note(subject, "took back the changes of", "the queue")
    show_queue(call, subject)
end
local ALL = {allow = "GET, HEAD", methods = {GET = show_all, HEAD = show_all}}
local UPSTREAM = {allow = "GET, HEAD", methods = {GET = show_upstream, HEAD = show_upstream}}
local NODE = {allow = "GET, HEAD, PUT, DELETE", methods = {GET = show_node, HEAD = show_node, PUT = change_node, DELETE = remove_node}}
local CHANGES = {allow = "DELETE", methods = {DELETE = forget_changes}}
local QUEUE = {allow = "GET, HEAD, PUT", methods = {GET = show_queue, HEAD = show_queue, PUT = change_queue}}
local QUEUE_CHANGES = {allow = "DELETE", methods = {DELETE = forget_queue_changes}}
--- The resource of each kind of path.
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
