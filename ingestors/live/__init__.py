"""What is true right now, asked of PagerDuty, Prometheus, Alertmanager, Grafana and Opsgenie when somebody wants to know.

Each question is asked once, in a limited time; its answer is kept for seconds, and a tool that is down is left alone.
"""
