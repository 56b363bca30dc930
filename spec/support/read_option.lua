--- The value of an option by its kind; raises all that is wrong with it.
return function(kind, given, path)
    local problems = {}
    local value = kind.read(given, path, problems)
    if problems[1] then error(table.concat(problems, "\n"), 0) end
    return value
end
