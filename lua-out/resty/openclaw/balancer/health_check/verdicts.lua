local ____exports = {}
____exports.SLOTS = 3
--- Whether it is down.
function ____exports.is_down(record)
    return record[0] ~= 0
end
function ____exports.note(_record, _verdict, _fails, _passes)
    return nil
end
return ____exports
