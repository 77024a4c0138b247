-- Makes a room, unless there is one: by whatever way it came to be. Answers 1 if it is made.
--
-- KEYS  settings, roles, stream, members
-- ARGV  created, title, topic, then user, role and name of each member
if redis.call('EXISTS', unpack(KEYS)) > 0 then
  return 0
end
local created, title, topic = unpack(ARGV)
redis.call('HSET', KEYS[1], 'created', created, 'title', title, 'topic', topic)
for i = 4, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1] .. ' ' .. created .. '\n' .. ARGV[i + 2])
end
return 1
