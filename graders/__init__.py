"""Pure, versioned graders: functions from (sample, item, config) to a grade. Importable without the service."""
