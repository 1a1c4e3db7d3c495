// Starts the page. The sandbox's key, where the page has one, is filled in; nothing is loaded from elsewhere.
window.onload = function () {
  const key = document.querySelector('meta[name="sandbox-key"]');
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
    onComplete: function () {
      if (key) window.ui.preauthorizeApiKey("bearer", key.content);
    },
  });
};
