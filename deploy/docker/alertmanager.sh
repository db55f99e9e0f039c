#!/bin/sh
# Alertmanager of compose.yaml: the shipped config, with the receivers that the environment and secrets/ name, and a
# refusal to start if there is none: an Alertmanager that tells nobody looks just like a quiet night.
#
#   ALERT_EMAIL     an address; with SMTP_HOST (host:port), SMTP_FROM, SMTP_USER and secrets/smtp-password
#   ALERT_TELEGRAM  the number of a chat; with secrets/telegram-token
#   secrets/slack-url, secrets/webhook-url, secrets/pagerduty-key    each enough by itself
#   secrets/heartbeat-url    of Healthchecks or the like, period 1 minute, grace 5 minutes
set -eu
shipped=${1:-/etc/alertmanager/shipped.yml}
secrets=${2:-/run/secrets}
written=${3:-/alertmanager/alertmanager.yml}

given() { [ -s "$secrets/$1" ]; }
receivers() {
    if [ -n "${ALERT_EMAIL:-}" ]; then
        cat <<END
    email_configs:
      - to: $ALERT_EMAIL
        from: ${SMTP_FROM:-$ALERT_EMAIL}
        smarthost: ${SMTP_HOST:?the mail server, as host:port}
        send_resolved: true
END
        if given smtp-password; then
            echo "        auth_username: ${SMTP_USER:-$ALERT_EMAIL}"
            echo "        auth_password_file: $secrets/smtp-password"
        fi
    fi
    if [ -n "${ALERT_TELEGRAM:-}" ]; then
        given telegram-token || { echo "ALERT_TELEGRAM needs secrets/telegram-token" >&2; exit 1; }
        printf '    telegram_configs:\n      - {bot_token_file: %s, chat_id: %s, parse_mode: ""}\n' \
            "$secrets/telegram-token" "$ALERT_TELEGRAM"
    fi
    if given slack-url; then
        printf '    slack_configs:\n      - {api_url_file: %s, send_resolved: true}\n' "$secrets/slack-url"
    fi
    if given pagerduty-key; then
        printf '    pagerduty_configs:\n      - {routing_key_file: %s}\n' "$secrets/pagerduty-key"
    fi
    if given webhook-url; then
        printf '    webhook_configs:\n      - {url_file: %s, send_resolved: true}\n' "$secrets/webhook-url"
    fi
}

people=$(receivers)
if [ -z "$people" ]; then
    echo "nobody would be told: set ALERT_EMAIL or ALERT_TELEGRAM, or write secrets/slack-url, secrets/webhook-url or" \
        "secrets/pagerduty-key (deploy/docker/alertmanager.sh says more)" >&2
    exit 1
fi
{
    sed -e '/^# Secrets are in files/,$d' -e 's/receiver: webhook .*/receiver: people/; s/receiver: webhook$/receiver: people/' "$shipped"
    echo "receivers:"
    echo "  - name: record"
    echo "  - name: people"
    echo "$people"
    echo "  - name: heartbeat"
    if given heartbeat-url; then
        printf '    webhook_configs:\n      - {url_file: %s, send_resolved: false}\n' "$secrets/heartbeat-url"
    else
        echo "no secrets/heartbeat-url: nobody will notice when alerting itself stops" >&2
    fi
} > "$written"
