-- lock_waits: what the server's log says of sessions that wait for each other.
-- param  $from_ns BIGINT       start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- column time_ns BIGINT        when it was said
-- column body VARCHAR          the message
-- column attributes MAP(VARCHAR, VARCHAR) its detail, statement and the rest
SELECT time_ns, body, attributes
FROM logs
WHERE time_ns >= $from_ns AND time_ns < $end_ns AND body LIKE 'process % still waiting for %'
ORDER BY time_ns, record_no
