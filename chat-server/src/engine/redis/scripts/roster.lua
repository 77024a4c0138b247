-- Answers {how many users are in the room, user, name, user, name, ...}, some of them if there are too many.
--
-- KEYS  members
-- ARGV  how many at most
local answer = { redis.call('HLEN', KEYS[1]) }
local members = redis.call('HRANDFIELD', KEYS[1], ARGV[1], 'WITHVALUES')
for i = 1, #members, 2 do
  answer[#answer + 1] = members[i]
  answer[#answer + 1] = cjson.decode(members[i + 1]).name
end
return answer
