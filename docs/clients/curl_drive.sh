#!/bin/sh
# Drives curl (https://curl.se): queries by --data-urlencode, requests repeated by --retry; python3 reads the JSON.
# The token is asked once.

told=$(cat)
read_json() { python3 -c "import json, sys; told = json.load(sys.stdin); $1"; }
of() { printf '%s' "$told" | read_json "print(told$1)"; }
case "$(of "['action']") $(printf '%s' "$told" | read_json "print(*told['values'])")" in
    "search-offers field" | "synchronise since") ;;
    *) echo "this script does not do that" >&2; exit 1 ;;
esac
base=$(of "['endpoint']['base-url']")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

curl --silent --fail "$(of "['endpoint']['token-url']")" --data grant_type=client_credentials \
    --data-urlencode "client_id=$(of "['endpoint']['client-id']")" \
    --data-urlencode "client_secret=$(of "['endpoint']['client-secret']")" > "$folder/token"
{
    echo "Accept: application/fhir+json"
    echo "Authorization: Bearer $(read_json "print(told['access_token'])" < "$folder/token")"
    printf '%s' "$told" | read_json "[print(f'{name}: {value}') for name, value in told['endpoint']['headers'].items()]"
} > "$folder/headers"

page() { curl --silent --fail --retry 3 --header @"$folder/headers" "$@" > "$folder/page"; }

if [ "$(of "['action']")" = synchronise ]; then
    page --get "$base/HealthcareService" --data-urlencode "_lastUpdated=ge$(of "['values']['since']")"
else
    page --get "$base/HealthcareService" --data-urlencode "service-type=$(of "['values']['field']")"
fi
while [ -s "$folder/page" ]; do
    read_json "[print(one['resource']['id']) for one in told.get('entry', []) if one['search']['mode'] == 'match']" \
        < "$folder/page" >> "$folder/found"
    next=$(read_json "print(*[one['url'] for one in told['link'] if one['relation'] == 'next'])" < "$folder/page")
    case $next in
        "") break ;;
        http*) page "$next" || break ;;
        *) page "$base/$next" || break ;;
    esac
done
touch "$folder/found"
sort -u "$folder/found" | python3 -c "import json, sys; print(json.dumps({'shown': sys.stdin.read().split()}))"
