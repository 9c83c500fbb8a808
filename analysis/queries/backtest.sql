-- How every method would have done on the stored history, as the last build replayed it. One row, or none.
-- Reads: findings.backtest. Read by: backtest, GET /backtest. Parameters: scope.
SELECT
  b.answer AS answer
FROM findings.visible_backtest($scope) AS b
