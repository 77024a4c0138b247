-- Put before every script that reads or writes a room's stream.
--
-- `meta` is a hash: `stream` names the stream that there is, `epoch` the life of it that clients know, `offset` its
-- latest message. Both names begin as the same random text:
-- * When the stream is gone (FLUSHALL, eviction, a restart without its file), both are new: ids that are remembered
--   belong to another stream and count for nothing.
-- * When only its tail is gone (the server that asks saw a later offset in this epoch), the epoch alone is new: what
--   survived is still there, and so are the ids of it.

-- Offsets as text: Lua would write 1e15 otherwise.
local function text(number)
  return string.format('%.0f', number)
end

-- Answers the stream's name, its epoch and its latest offset. `fresh` is what a new stream or epoch is called;
-- `seen_epoch` and `seen_offset` are the latest that the asking server saw, or '' and '0'.
local function life(meta, stream, fresh, seen_epoch, seen_offset)
  local found = redis.call('HMGET', meta, 'stream', 'epoch', 'offset')
  local name, epoch, offset = found[1], found[2], tonumber(found[3])
  if not name or (offset > 0 and redis.call('XLEN', stream) == 0) then
    redis.call('DEL', stream)
    redis.call('HSET', meta, 'stream', fresh, 'epoch', fresh, 'offset', '0')
    return fresh, fresh, 0
  end
  if epoch == seen_epoch and offset < tonumber(seen_offset) then
    redis.call('HSET', meta, 'epoch', fresh)
    epoch = fresh
  end
  return name, epoch, offset
end
