local ____exports = {}
--- Notes it. Phases: access.
local function expect(state)
    state.expects_cached = true
end
____exports.expect = expect
--- Whether it was noted. Phases: any with a request.
local function is_expected(state)
    return state.expects_cached == true
end
____exports.is_expected = is_expected
return ____exports
