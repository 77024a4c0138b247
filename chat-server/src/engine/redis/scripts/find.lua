-- Put behind append.lua, before the scripts that change what was said.

-- Where the event with an offset is in the list; nil for one that is not kept.
local function index_of(offset, latest, length)
  offset = tonumber(offset)
  if offset >= 1 and offset > latest - length and offset <= latest then
    return offset - 1 - (latest - length)
  end
end

-- The answer about an event: {epoch, entry or '', entry of the `edited` that has its text or ''}.
local function found(stream, epoch, index, latest, length)
  local entry = index and redis.call('LINDEX', stream, index) or ''
  local edit = ''
  if entry ~= '' then
    local _, _, offset = header(entry)
    local place = offset ~= '0' and index_of(offset, latest, length)
    edit = place and redis.call('LINDEX', stream, place) or ''
  end
  return { epoch, entry, edit }
end
