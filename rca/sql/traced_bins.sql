-- traced_bins: time bins in which any span starts: where traces have no hole.
-- param  $start_ns BIGINT   start of the window
-- param  $end_ns BIGINT     end of the window, not included
-- param  $bin_ns BIGINT     length of a time bin
-- column bin_ns BIGINT      start of the time bin
-- column spans BIGINT       spans that start in it
-- merge  spans SUM
-- within $start_ns $end_ns
SELECT start_ns - start_ns % $bin_ns AS bin_ns, COUNT(*) AS spans
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns
GROUP BY start_ns - start_ns % $bin_ns
ORDER BY start_ns - start_ns % $bin_ns
