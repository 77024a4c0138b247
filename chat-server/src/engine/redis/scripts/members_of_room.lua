-- Answers who has a role in a room: {'ok', user, role, name, 1 if there now, user, ...}; {'none'} if there is no such
-- room for who asks.
--
-- KEYS  members, roles, settings, stream
-- ARGV  who asks, '1' for a room by invitation
local user, closed = unpack(ARGV)
if not may(KEYS[2], user, closed) or redis.call('EXISTS', KEYS[1], KEYS[3], KEYS[4]) == 0 then
  return { 'none' }
end
local answer = { 'ok' }
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local role, name = string.match(all[i + 1], '^(%a+) %d+\n(.*)$')
  local there = redis.call('HGET', KEYS[1], all[i])
  for _, value in ipairs({ all[i], role, there and cjson.decode(there).name or name, there and 1 or 0 }) do
    answer[#answer + 1] = value
  end
end
return answer
