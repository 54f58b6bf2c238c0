/** What goes into the policy, by what runs the service. A test reads each as policy, and its commands by the shell. */

const ready = `    live:
      url: https://app.example/health
      commit: $.commit                 # the answer names what runs: set COMMIT to PROTECT_COMMIT when it starts
    watch: { for: 10m, every: 60s }
`;

export const recipes = {
  pm2: `deploy:
  production:
    run: npm ci && npm run build && pm2 reload shop --update-env
    undo: release                      # puts back what is listed here, and starts it again
    undoCheck: pm2 describe shop > /dev/null
    release: { paths: [dist, node_modules, package-lock.json, .env] }
    process: { pm2: shop }
${ready}# pm2 keeps the environment of the start: --update-env hands on the new one.
`,
  systemd: `deploy:
  production:
    run: npm ci && npm run build && sudo systemctl restart shop.service
    undo: release
    undoCheck: systemctl cat shop.service > /dev/null
    stop: sudo systemctl stop shop.service
    start: sudo systemctl start shop.service
    release: { paths: [dist, node_modules, package-lock.json, .env] }
    process: { systemd: shop.service }
${ready}# sudo asks nobody here: allow exactly these three commands in sudoers.
`,
  compose: `deploy:
  production:
    run: docker compose build && docker compose up --detach --wait
    undo: TAG="$PROTECT_PREVIOUS" docker compose up --detach --wait --no-build
    undoCheck: test -z "$PROTECT_PREVIOUS" || docker image inspect "shop:$PROTECT_PREVIOUS" > /dev/null
    process: { compose: web }
${ready}# In compose.yaml: image: shop:\${TAG:-\${PROTECT_COMMIT}}, so that the image of each commit stays.
`,
  render: `deploy:
  production:
    run: ./scripts/render-deploy.sh "$PROTECT_COMMIT"
    undo: ./scripts/render-deploy.sh "$PROTECT_PREVIOUS"
    undoCheck: test -n "$RENDER_API_KEY"
${ready}# Render deploys each push by itself unless autoDeploy is off; and a rollback by its API leaves it on, so that the next push
# brings the bad code back. In render.yaml:  autoDeploy: no
# render-deploy.sh asks for one commit, and waits until it is live:
#   curl --fail --silent --show-error --request POST --header "Authorization: Bearer $RENDER_API_KEY" \\
#     --json "{\\"commitId\\":\\"$1\\"}" "https://api.render.com/v1/services/$RENDER_SERVICE/deploys"
`,
} as const;
