"""The Grafana dashboards, as code: `make dashboards` writes config/grafana/. What is shown stands in `pages`, once, in two languages."""
