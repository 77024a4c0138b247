-- Reads messages. Answers {epoch, latest offset, entry id, frame, entry id, frame, ...}.
--
-- KEYS  meta, stream
-- ARGV  fresh, seen epoch, seen offset, 'latest' or the first offset wanted, how many at most,
--       seconds after which a room that nobody wrote to is forgotten
local fresh, seen_epoch, seen_offset, from, limit, forgotten = unpack(ARGV)
local _, epoch, latest = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
if latest == 0 then
  redis.call('EXPIRE', KEYS[1], forgotten)
end

local answer = { epoch, text(latest) }
if latest == 0 or limit == '0' then
  return answer
end
if from == 'latest' then
  from = text(math.max(1, latest - tonumber(limit) + 1))
end
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], from .. '-0', '+', 'COUNT', limit)) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
return answer
