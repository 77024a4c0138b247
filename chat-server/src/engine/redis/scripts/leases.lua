-- Answers the leases of all sessions in a room, each once.
--
-- KEYS  members
local answer, seen = {}, {}
for _, found in ipairs(redis.call('HVALS', KEYS[1])) do
  for _, lease in pairs(cjson.decode(found).sessions) do
    if not seen[lease] then
      seen[lease] = true
      answer[#answer + 1] = lease
    end
  end
end
return answer
