-- Reads events. Answers {epoch, latest offset, oldest offset that is kept or 0, offset of the first entry, entry,
-- entry, ...}.
--
-- KEYS  meta, stream
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, 'latest', 'after' or 'before', the offset for
--       the latter two, how many at most, seconds after which a room that nobody wrote to is forgotten
local fresh, seen_epoch, seen_offset, kept, cutoff, _, which, offset, limit, forgotten = unpack(ARGV)
local _, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
if latest == 0 then
  redis.call('EXPIRE', KEYS[1], forgotten)
end
local readable
length, readable = trim(KEYS[2], length, kept, cutoff)
if readable == 0 then
  return { epoch, text(latest), '0', '0' }
end

local oldest = latest - length + 1
limit, offset = tonumber(limit), tonumber(offset)
local first, last
if which == 'after' then
  first = math.max(oldest, offset + 1)
  last = math.min(latest, first + limit - 1)
else
  last = which == 'before' and math.min(latest, offset - 1) or latest
  first = math.max(oldest, last - limit + 1)
end
if first > last then
  return { epoch, text(latest), text(oldest), '0' }
end
local answer = { epoch, text(latest), text(oldest), text(first) }
for i, entry in ipairs(redis.call('LRANGE', KEYS[2], first - oldest, last - oldest)) do
  answer[4 + i] = entry
end
return answer
